package org.w3id.mlmodel.serving;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.w3id.mlmodel.enforcement.Cells;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.enforcement.NestedArray;
import org.w3id.mlmodel.enforcement.Source;
import org.w3id.mlmodel.enforcement.Table;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Numeral;
import org.w3id.mlmodel.serving.Request.Given;
import org.w3id.mlmodel.signature.Type;

/** The forms of data in a body. */
final class Tables {
    /** A table of so many cells may be empty; of a larger one, so many cells may stand for each that is given (RST-108). */
    private static final long MOST_CELLS = 4_000_000;
    private static final long THINNEST = 8;
    private static final Set<String> PARTS = Set.of("columns", "data", "index");

    private Tables() {}

    /** Names and rows (RST-007 to RST-009). */
    static Given split(Object value) {
        if (!(value instanceof Map<?, ?> parts) || !PARTS.containsAll(parts.keySet())) {
            throw MlmodelException.malformed("RST-007", "The split form is an object with columns, data and index, and nothing else");
        }
        if (!(parts.get("data") instanceof List<?> rows)) {
            throw MlmodelException.malformed("RST-007", "The split form has no data, a list of rows");
        }
        var names = parts.containsKey("columns") ? names(parts.get("columns")) : null;
        int width = names != null ? names.size() : rows.isEmpty() || !(rows.get(0) instanceof List<?> first) ? -1 : first.size();
        for (int row = 0; row < rows.size(); row++) {
            if (rows.get(row) instanceof List<?> cells && cells.size() == width) continue;
            throw MlmodelException.malformed("RST-008", "Row " + row + " of data is no list of a cell for each column");
        }
        return declared -> table(names, Math.max(width, 0), rows, declared);
    }

    private static List<?> names(Object given) {
        if (!(given instanceof List<?> list)) throw MlmodelException.malformed("RST-007", "columns is no list of names");
        var names = new ArrayList<Object>();
        for (var one : list) {
            boolean isWhole = one instanceof Numeral number && number.isInteger();
            if (!isWhole && !(one instanceof String)) {
                throw MlmodelException.malformed("RST-007", "columns has a name that is neither a text nor a whole number");
            }
            names.add(one instanceof Numeral number ? number.integer() : one);
        }
        return names;
    }

    private static Object table(List<?> names, int width, List<?> rows, Declared declared) {
        Table table = new Table(names, width, rows.size(), at -> row -> ((List<?>) rows.get(row)).get(at));
        if (declared.columns() == null) return undeclared(names, table);
        if (rows.isEmpty() && names == null) return declared.frame(declared.columns().read(List.of(), Source.JSON));
        return declared.frame(declared.columns().read(table, Source.JSON));
    }

    /** Returns a table as it is given. */
    static Model.Frame undeclared(List<?> names, Table table) {
        var told = new ArrayList<String>();
        var columns = new ArrayList<Column>();
        for (int at = 0; at < table.width(); at++) {
            told.add(String.valueOf(names == null ? (Object) at : names.get(at)));
            columns.add(asGiven(table.column().apply(at), table.rows()));
        }
        return new Model.Frame(told, columns, names == null || Model.Frame.areNumbers(names), table.rows());
    }

    private static Column asGiven(Cells cells, int rows) {
        var values = new Object[rows];
        var missing = new BitSet();
        for (int row = 0; row < rows; row++) {
            values[row] = cells.at(row) == Cells.ABSENT ? null : cells.at(row);
            if (values[row] == null) missing.set(row);
        }
        return new Column(null, Type.Opaque.ANY, values, missing);
    }

    /** A list of records; of rows or values too, where {@code isBare} (RST-010, RST-084). */
    static Given list(Object value, boolean isBare) {
        if (!(value instanceof List<?> list)) throw MlmodelException.malformed("RST-010", "The records are no list");
        for (int row = 0; row < list.size(); row++) {
            if (isBare || list.get(row) instanceof Map) continue;
            throw MlmodelException.malformed("RST-010", "Row " + row + " of the records is no object");
        }
        boolean areRecords = !list.isEmpty() && list.stream().allMatch(Map.class::isInstance);
        return declared -> {
            if (areRecords) return records(list, declared);
            if (declared.columns() == null) return undeclaredRows(list);
            return plain(list, declared, "RST-084");
        };
    }

    /** Returns records as a table, of which nothing is declared. */
    static Model.Frame ofRecords(List<?> records) {
        return undeclared(records, names(records, new Declared(null)));
    }

    /** One record. */
    static Given record(Map<?, ?> record) {
        return declared -> declared.columns() == null ? record : declared.frame(declared.columns().readRecords(List.of(record), Source.JSON));
    }

    /** Returns the names in records whose table would not be nearly empty (RST-108); where names are declared, of these alone. */
    private static Set<Object> names(List<?> records, Declared declared) {
        var names = new LinkedHashSet<Object>();
        long given = 0;
        for (var one : records) {
            var keys = ((Map<?, ?>) one).keySet();
            names.addAll(keys);
            given += keys.size();
        }
        if (declared.haveNames()) names.retainAll(declared.names());
        long cells = (long) names.size() * records.size();
        if (cells <= MOST_CELLS || cells <= THINNEST * given + 2L * records.size()) return names;
        throw MlmodelException.malformed("RST-108", "The records have so different keys that their table of " + records.size()
            + " rows and " + names.size() + " columns would be nearly empty; send fewer rows at a time");
    }

    private static Object records(List<?> records, Declared declared) {
        var columns = declared.columns();
        var given = names(records, declared);
        if (columns == null) return undeclared(records, given);
        if (columns.takesObjects()) return declared.frame(columns.read(records, Source.JSON));
        if (declared.haveNames()) return declared.frame(columns.readRecords(records, Source.JSON));
        var names = ((Map<?, ?>) records.get(0)).keySet();
        boolean areSame = records.stream().allMatch(one -> ((Map<?, ?>) one).keySet().equals(names));
        if (!areSame || !columns.areNumbers(names)) throw nameless();
        var order = List.copyOf(names);
        return declared.frame(columns.read(new Table(
            order, order.size(), records.size(), at -> row -> ((Map<?, ?>) records.get(row)).get(order.get(at))), Source.JSON));
    }

    /** Reads rows, values or columns; what is of no form breaks the rule of the form. */
    private static Object plain(Object value, Declared declared, String rule) {
        try {
            return declared.frame(declared.columns().read(value, Source.JSON));
        } catch (MlmodelException error) {
            boolean isForm = error.details().stream().anyMatch(one -> one.rule().equals("ENF-010"));
            if (!isForm) throw error;
            throw MlmodelException.malformed(rule, "The data are neither rows nor columns: " + error.details().get(0).got());
        }
    }

    private static MlmodelException nameless() {
        var detail = new Detail("RST-011", null, null, "rows, or the split form: the columns have no names", "objects");
        return MlmodelException.input(List.of(detail));
    }

    private static Model.Frame undeclared(List<?> records, Set<Object> names) {
        var order = List.copyOf(names);
        return undeclared(order, new Table(
            order, order.size(), records.size(), at -> row -> ((Map<?, ?>) records.get(row)).get(order.get(at))));
    }

    private static Object undeclaredRows(List<?> list) {
        boolean areRows = !list.isEmpty() && list.stream().allMatch(List.class::isInstance);
        int width = areRows ? ((List<?>) list.get(0)).size() : 1;
        if (list.isEmpty()) return undeclared(null, new Table(null, 0, 0, at -> row -> null));
        for (var row : list) {
            boolean fits = areRows ? ((List<?>) row).size() == width : !(row instanceof List) && !(row instanceof Map);
            if (!fits) throw MlmodelException.malformed("RST-084", "The list holds records, rows and values, or rows of several lengths");
        }
        return undeclared(null, new Table(null, width, list.size(),
            at -> row -> areRows ? ((List<?>) list.get(row)).get(at) : list.get(row)));
    }

    /** One element per row (RST-013). */
    static Given instances(Object value) {
        if (!(value instanceof List<?> list)) throw MlmodelException.malformed("RST-013", "instances is no list");
        boolean areRecords = !list.isEmpty() && list.stream().allMatch(Map.class::isInstance);
        return declared -> {
            if (declared.columns() == null) return areRecords ? byName(list) : regular(list);
            return areRecords ? records(list, declared) : plain(list, declared, "RST-013");
        };
    }

    private static Object byName(List<?> records) {
        var names = ((Map<?, ?>) records.get(0)).keySet();
        var found = new LinkedHashMap<Object, List<Object>>();
        names.forEach(name -> found.put(name, new ArrayList<>()));
        for (var one : records) {
            var record = (Map<?, ?>) one;
            if (!record.keySet().equals(names)) throw MlmodelException.malformed("RST-013", "The instances have different keys");
            record.forEach((name, cell) -> found.get(name).add(cell));
        }
        return found;
    }

    private static Object regular(List<?> list) {
        if (list.stream().anyMatch(Map.class::isInstance)) {
            throw MlmodelException.malformed("RST-013", "The instances are objects and other values");
        }
        if (NestedArray.of(list) == null) throw ragged();
        return list;
    }

    private static MlmodelException ragged() {
        return MlmodelException.input(List.of(new Detail("ENF-076", null, null, "lists of one length", "lists of several")));
    }

    /** Columns by name, one row, or rows (RST-014). */
    static Given inputs(Object value) {
        return declared -> {
            if (declared.columns() != null && !(value instanceof List) && !(value instanceof Map)) {
                throw MlmodelException.malformed("RST-014", "The data are neither rows nor columns");
            }
            var columns = declared.columns();
            if (columns == null) return value;
            boolean areRecords = value instanceof List<?> list && !list.isEmpty() && list.stream().allMatch(Map.class::isInstance);
            if (areRecords) return records((List<?>) value, declared);
            boolean isNameless = value instanceof Map<?, ?> map && !map.isEmpty() && columns.specs().size() > 1
                && columns.specs().stream().anyMatch(one -> one.name() == null) && !columns.areNumbers(map.keySet());
            if (isNameless) throw nameless();
            return plain(value, declared, "RST-014");
        };
    }
}
