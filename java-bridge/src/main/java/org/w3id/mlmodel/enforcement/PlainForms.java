package org.w3id.mlmodel.enforcement;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type;

/** What values of JSON stand for: records, rows, columns, one row, or values (ENF-010, ENF-015). */
public final class PlainForms {
    private enum Kind { RECORDS, ROWS, VALUES }

    private final List<Spec> specs;
    private final List<Detail> details;
    private final boolean haveNames;

    private PlainForms(List<Spec> specs, List<Detail> details) {
        this.specs = specs;
        this.details = details;
        haveNames = Signature.haveNames(specs);
    }

    /** Returns the table that data stand for; what is wrong with single records goes to {@code details}. */
    public static Table table(List<Spec> specs, Object data, List<Detail> details) {
        return new PlainForms(specs, details).table(data);
    }

    /** Returns the table of records, one for each row. */
    public static Table records(List<Spec> specs, List<?> records, List<Detail> details) {
        return new PlainForms(specs, details).ofRecords(records);
    }

    private Table table(Object data) {
        var kind = onlyNested();
        if (data instanceof Map<?, ?> mapping) {
            boolean isValue = kind instanceof Type.ObjectOf || kind instanceof Type.MapOf;
            return isValue ? ofValues(List.of(data)) : ofMapping(mapping);
        }
        if (!(data instanceof List<?> list)) return single(data);
        if (kind != null && areValues(list, kind)) return ofValues(list);
        if (list.isEmpty()) return noRows();
        return switch (kindOf(list)) {
            case RECORDS -> ofRecords(list);
            case ROWS -> ofRows(list);
            case VALUES -> ofList(list);
        };
    }

    /** Returns the nested type of the one column that is declared, if its values may stand alone. */
    private Type onlyNested() {
        if (specs.size() != 1) return null;
        var type = Matching.typeOf(specs.get(0));
        if (type instanceof Type.Scalar) return null;
        return specs.get(0).name() == null || type instanceof Type.ListOf ? type : null;
    }

    private static boolean areValues(List<?> data, Type kind) {
        int depth = depth(kind);
        if (depth == 0) return data.stream().noneMatch(List.class::isInstance);
        if (leaf(kind) instanceof Type.Opaque) {
            var held = data.stream().filter(one -> one != null).toList();
            return !held.isEmpty() && held.stream().allMatch(one -> depthOf(one) >= depth);
        }
        return depthOf(data) == depth + 1;
    }

    private static Type leaf(Type type) {
        return type instanceof Type.ListOf list ? leaf(list.items()) : type;
    }

    private static int depth(Type type) {
        return type instanceof Type.ListOf list ? 1 + depth(list.items()) : 0;
    }

    /** Returns how many lists are within each other. */
    private static int depthOf(Object value) {
        if (!(value instanceof List<?> list)) return 0;
        int deepest = 0;
        for (var one : list) deepest = Math.max(deepest, depthOf(one));
        return 1 + deepest;
    }

    private Kind kindOf(List<?> list) {
        Kind kind = null;
        for (var one : list) {
            var own = one instanceof Map ? Kind.RECORDS : one instanceof List ? Kind.ROWS : Kind.VALUES;
            if (kind != null && own != kind) throw refused("a list of several kinds");
            kind = own;
        }
        return kind;
    }

    private static MlmodelException refused(String found) {
        return MlmodelException.input(List.of(new Detail("ENF-010", null, null, "columns", found)));
    }

    private Table noRows() {
        var names = haveNames ? specs.stream().map(Spec::name).toList() : null;
        return new Table(names, specs.size(), 0, at -> row -> null);
    }

    private Table single(Object value) {
        if (specs.size() > 1 && !haveNames) throw refused("one value for several columns");
        return ofValues(Collections.singletonList(value));
    }

    private static Table ofValues(List<?> values) {
        return new Table(null, 1, values.size(), at -> values::get);
    }

    private Table ofList(List<?> values) {
        if (specs.size() > 1 && !haveNames) throw refused("a list of values for several columns");
        return ofValues(values);
    }

    private Table ofRows(List<?> rows) {
        int width = ((List<?>) rows.get(0)).size();
        for (var row : rows) {
            if (((List<?>) row).size() != width) throw refused("a list of rows of different lengths");
        }
        return new Table(null, width, rows.size(), at -> row -> ((List<?>) rows.get(row)).get(at));
    }

    private Table ofRecords(List<?> records) {
        if (!haveNames) throw refused("a list of records, which cannot be matched by position");
        requireKnown(records);
        int before = details.size();
        for (int at = 0; at < specs.size(); at++) {
            int row = specs.get(at).required() ? lacking(records, String.valueOf(specs.get(at).name())) : -1;
            if (row < 0) continue;
            var names = new ArrayList<String>();
            ((Map<?, ?>) records.get(row)).keySet().forEach(name -> names.add(String.valueOf(name)));
            details.add(Matching.missing(specs.get(at), at, row, names));
        }
        if (details.size() > before && details.size() == before + specs.size()) {
            throw MlmodelException.input(details);
        }
        var names = specs.stream().map(Spec::name).toList();
        return new Table(names, specs.size(), records.size(), at -> cells(records, String.valueOf(names.get(at))));
    }

    private static int lacking(List<?> records, String name) {
        for (int row = 0; row < records.size(); row++) {
            if (!((Map<?, ?>) records.get(row)).containsKey(name)) return row;
        }
        return -1;
    }

    private static Cells cells(List<?> records, String name) {
        return row -> {
            var record = (Map<?, ?>) records.get(row);
            var cell = record.get(name);
            return cell == null && !record.containsKey(name) ? Cells.ABSENT : cell;
        };
    }

    /** Refuses a record of which no name is declared, though all may be absent (ENF-112). */
    private void requireKnown(List<?> records) {
        if (specs.stream().anyMatch(Spec::required)) return;
        var known = new HashSet<String>();
        specs.forEach(one -> known.add(String.valueOf(one.name())));
        for (int row = 0; row < records.size(); row++) {
            var given = ((Map<?, ?>) records.get(row)).keySet();
            if (given.isEmpty() || given.stream().anyMatch(known::contains)) continue;
            throw MlmodelException.input(List.of(Matching.strange(specs, given.iterator().next(), row)));
        }
    }

    // A mapping of names to cells, or to columns.

    private Table ofMapping(Map<?, ?> mapping) {
        var part = declared(mapping);
        var nested = new HashMap<String, Type>();
        var scalars = new HashSet<String>();
        for (var spec : specs) {
            var type = Matching.typeOf(spec);
            if (type instanceof Type.Scalar) scalars.add(String.valueOf(spec.name()));
            else nested.put(String.valueOf(spec.name()), type);
        }
        var columns = part.keySet().stream()
            .filter(name -> part.get(name) instanceof List && !isCell(part.get(name), nested.get(name))).toList();
        boolean areLists = part.values().stream().allMatch(List.class::isInstance);
        if (areLists && columns.size() == part.size() && !areCellsOfAny(part, nested)) {
            return ofColumns(mapping, part);
        }
        if (columns.stream().anyMatch(scalars::contains)) throw refused("a mapping of scalars and lists");
        return ofOneRow(mapping);
    }

    /** Returns what of a mapping is declared by name; nothing of the rest is looked at (ENF-005). */
    private Map<String, Object> declared(Map<?, ?> mapping) {
        var known = new HashSet<String>();
        specs.forEach(one -> known.add(String.valueOf(one.name())));
        var whole = new LinkedHashMap<String, Object>();
        mapping.forEach((name, value) -> whole.put(String.valueOf(name), value));
        if (!haveNames || whole.isEmpty()) return whole;
        var part = new LinkedHashMap<>(whole);
        part.keySet().retainAll(known);
        if (!part.isEmpty()) return part;
        var first = whole.entrySet().iterator().next();
        part.put(first.getKey(), first.getValue());
        return part;
    }

    private static boolean isCell(Object value, Type type) {
        if (type == null || depth(type) == 0 || leaf(type) instanceof Type.Opaque) return false;
        return depthOf(value) == depth(type);
    }

    /** Returns whether lists of different lengths are cells, since {@code any} is declared of one. */
    private static boolean areCellsOfAny(Map<String, Object> part, Map<String, Type> nested) {
        if (part.values().stream().map(one -> ((List<?>) one).size()).distinct().count() <= 1) return false;
        if (!nested.keySet().containsAll(part.keySet())) return false;
        return part.keySet().stream().anyMatch(name -> leaf(nested.get(name)) instanceof Type.Opaque);
    }

    private Table ofColumns(Map<?, ?> mapping, Map<String, Object> part) {
        if (part.values().stream().map(one -> ((List<?>) one).size()).distinct().count() > 1) {
            throw refused("a mapping of lists of different lengths");
        }
        int rows = part.isEmpty() ? 0 : ((List<?>) part.values().iterator().next()).size();
        var names = List.copyOf(mapping.keySet());
        return new Table(names, names.size(), rows, at -> ((List<?>) part.get(String.valueOf(names.get(at))))::get);
    }

    private static Table ofOneRow(Map<?, ?> mapping) {
        var names = List.copyOf(mapping.keySet());
        return new Table(names, names.size(), 1, at -> row -> mapping.get(names.get(at)));
    }
}
