package org.w3id.mlmodel.enforcement;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;

/** The table of plain values: of records, rows, columns, one row, or values (ENF-010). */
final class PlainForms {
    private final List<Spec> specs;
    private final List<Detail> details;
    private final boolean haveNames;

    private PlainForms(List<Spec> specs, List<Detail> details) {
        this.specs = specs;
        this.details = details;
        haveNames = Signature.haveNames(specs);
    }

    /** Returns the table that data stand for; what is wrong with single records goes to {@code details}. */
    static Table table(List<Spec> specs, Object data, List<Detail> details) {
        return new PlainForms(specs, details).table(data);
    }

    /** Returns the table of records, one for each row. */
    static Table records(List<Spec> specs, List<?> records, List<Detail> details) {
        return new PlainForms(specs, details).ofRecords(records);
    }

    private Table table(Object data) {
        var meaning = Meaning.of(specs, data);
        if (meaning instanceof Meaning.Records records) return ofRecords(records.rows());
        if (meaning instanceof Meaning.Rows rows) return rows.rows().isEmpty() ? noRows() : ofRows(rows.rows());
        if (meaning instanceof Meaning.Values values) return ofValues(data, values.cells());
        if (meaning instanceof Meaning.ByColumn columns) return ofColumns(columns);
        if (meaning instanceof Meaning.OneRow row) return ofOneRow(row.cells());
        throw refused(data instanceof Map ? "a mapping of scalars and lists" : "a list of several kinds");
    }

    private static MlmodelException refused(String found) {
        return MlmodelException.input(List.of(new Detail("ENF-010", null, null, "columns", found)));
    }

    private Table noRows() {
        var names = haveNames ? specs.stream().map(Spec::name).toList() : null;
        return new Table(names, specs.size(), 0, at -> row -> null);
    }

    private Table ofValues(Object data, List<?> values) {
        boolean areSeveral = data instanceof List;
        if (specs.size() > 1 && !haveNames) throw refused((areSeveral ? "a list of values" : "one value") + " for several columns");
        return new Table(null, 1, values.size(), at -> values::get);
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
        var given = new HashMap<Integer, Matching.Given>();
        for (int at = 0; at < specs.size(); at++) {
            int row = specs.get(at).required() ? lacking(records, String.valueOf(specs.get(at).name())) : -1;
            if (row < 0) continue;
            var names = given.computeIfAbsent(row, one -> new Matching.Given(((Map<?, ?>) records.get(one)).keySet()));
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

    private static Table ofColumns(Meaning.ByColumn given) {
        var part = given.declared();
        if (part.values().stream().map(one -> ((List<?>) one).size()).distinct().count() > 1) {
            throw refused("a mapping of lists of different lengths");
        }
        int rows = part.isEmpty() ? 0 : ((List<?>) part.values().iterator().next()).size();
        var names = List.copyOf(given.all().keySet());
        return new Table(names, names.size(), rows, at -> ((List<?>) part.get(String.valueOf(names.get(at))))::get);
    }

    private static Table ofOneRow(Map<?, ?> mapping) {
        var names = List.copyOf(mapping.keySet());
        return new Table(names, names.size(), 1, at -> row -> mapping.get(names.get(at)));
    }
}
