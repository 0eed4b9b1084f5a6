package org.w3id.mlmodel.validation;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.w3id.mlmodel.enforcement.Enforcement;
import org.w3id.mlmodel.enforcement.Meaning;
import org.w3id.mlmodel.enforcement.Source;
import org.w3id.mlmodel.enforcement.Table;
import org.w3id.mlmodel.enforcement.Tensors;
import org.w3id.mlmodel.signature.Spec;

/** The data in an example's document, by its type, held against what is declared (EXA-001, EXA-007, EXA-009, EXA-015). */
final class ExampleData {
    private static final String INPUTS = "inputs";
    private static final String DATA = "data";
    private static final String COLUMNS = "columns";
    private static final String PARAMS = "params";
    private static final String SPARSE = "sparse_matrix_";
    /** Of records with different keys: a larger table has no more than so many cells for each that is given (EXA-015). */
    private static final long FEW_CELLS = 1_000_000;
    private static final long MOST_EMPTY = 100;

    private final Object document;
    private final Map<?, ?> info;
    private final List<Spec> specs;

    /**
     * Makes it of a document of JSON.
     *
     * @param info what the MLmodel file says of it
     * @param inputs what is declared, or null
     */
    ExampleData(Object document, Map<?, ?> info, List<Spec> inputs) {
        this.document = document;
        this.info = info;
        specs = inputs == null ? List.of() : inputs;
    }

    /** Returns whether parameters stand beside the data (EXA-010). */
    boolean hasParams() {
        var said = info.get(PARAMS);
        return said instanceof String text ? !text.isEmpty() : Boolean.TRUE.equals(said);
    }

    Map<?, ?> params() throws Unread {
        if (document instanceof Map<?, ?> whole && whole.get(PARAMS) instanceof Map<?, ?> params) return params;
        throw new Unread("EXA-010", "an example with params is an object with inputs and params");
    }

    private Object data() {
        return hasParams() && document instanceof Map<?, ?> whole && whole.containsKey(INPUTS) ? whole.get(INPUTS) : document;
    }

    private boolean areTensors() {
        return !specs.isEmpty() && specs.get(0) instanceof Spec.Tensor;
    }

    /**
     * Returns how many rows the data have, of tensors how many cells; 1 where they are of no form that has rows.
     *
     * @throws org.w3id.mlmodel.errors.MlmodelException they do not fit what is declared
     */
    long rows() throws Unread {
        var type = String.valueOf(info.get("type"));
        var data = data();
        return switch (type) {
            case "dataframe" -> frame(data);
            case "ndarray" -> specs.isEmpty() || areTensors() ? tensors(data, "tf-serving".equals(info.get("format"))) : object(data);
            case "json_object" -> specs.isEmpty() ? 1 : object(data);
            case SPARSE + "csr", SPARSE + "csc" -> SparseMatrix.of(data, type.endsWith("csr"), specs).check(specs);
            default -> throw Unread.form("the type " + type + " is none of dataframe, ndarray, json_object, " + SPARSE + "csr and " + SPARSE + "csc");
        };
    }

    private long frame(Object data) throws Unread {
        if (data instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof Map) return object(data);
        var rows = lists(data instanceof Map<?, ?> parts ? parts.get(DATA) : data);
        var names = names(data instanceof Map<?, ?> parts ? parts.get(COLUMNS) : null);
        var widths = new HashSet<Integer>();
        rows.forEach(row -> widths.add(row.size()));
        if (names != null) widths.add(names.size());
        if (widths.size() != 1) throw Unread.form("its rows have different lengths");
        return table(names, widths.iterator().next(), rows);
    }

    private static List<List<?>> lists(Object data) throws Unread {
        var rows = new ArrayList<List<?>>();
        if (data instanceof List<?> list) for (var one : list) if (one instanceof List<?> row) rows.add(row);
        if (data instanceof List<?> list && list.size() == rows.size()) return rows;
        throw Unread.form("a dataframe example is an object with columns and data, a list of rows");
    }

    private static List<?> names(Object columns) throws Unread {
        if (columns == null) return null;
        boolean areNames = columns instanceof List<?> list
            && list.stream().allMatch(one -> one instanceof String || one instanceof Long || one instanceof BigInteger);
        if (areNames) return (List<?>) columns;
        throw Unread.form("columns is a list of names: texts, or whole numbers");
    }

    private long table(List<?> names, int width, List<? extends List<?>> rows) {
        if (areTensors()) return Tensors.checkTable(specs, names, width, rows);
        if (!specs.isEmpty()) {
            var table = new Table(names, width, rows.size(), at -> row -> rows.get(row).get(at));
            new Enforcement(specs).read(table, Source.PROGRAM);
        }
        return rows.size();
    }

    /** Reads a mapping or a list as MLflow 3 keeps it: as rows. */
    private long object(Object data) throws Unread {
        if (areTensors()) return tensors(data, false);
        var meaning = Meaning.of(specs, data);
        if (meaning instanceof Meaning.Values values) return table(null, 1, values.cells().stream().map(Collections::singletonList).toList());
        if (meaning instanceof Meaning.Records records) return records(records.rows());
        if (meaning instanceof Meaning.OneRow row) return records(List.of(row.cells()));
        if (meaning instanceof Meaning.ByColumn columns) return columns(columns.all());
        if (!(data instanceof List<?> list)) throw Unread.form("it mixes single values and columns of them");
        if (list.isEmpty()) return table(List.of(), 0, List.of());
        // Rows; among them, single values are rows of one cell.
        return frame(Map.of(DATA, list.stream().map(one -> one instanceof List ? one : Collections.singletonList(one)).toList()));
    }

    private long records(List<?> records) throws Unread {
        var names = new LinkedHashSet<Object>();
        long given = 0;
        for (var one : records) {
            names.addAll(((Map<?, ?>) one).keySet());
            given += ((Map<?, ?>) one).size();
        }
        if ((long) names.size() * records.size() > Math.max(FEW_CELLS, MOST_EMPTY * given)) {
            throw new Unread("EXA-015", "hardly any of its records have the same keys");
        }
        var rows = new ArrayList<List<?>>();
        for (var one : records) rows.add(new ArrayList<Object>(names.stream().<Object>map(((Map<?, ?>) one)::get).toList()));
        return table(List.copyOf(names), names.size(), rows);
    }

    /** A file is held to more than a request: what is not declared is of the same length. */
    private long columns(Map<?, ?> columns) throws Unread {
        var lengths = new HashSet<Integer>();
        for (var one : columns.values()) lengths.add(one instanceof List<?> cells ? cells.size() : -1);
        if (lengths.size() > 1) throw Unread.form("its columns have different lengths");
        var rows = new ArrayList<List<?>>();
        int length = lengths.isEmpty() ? 0 : lengths.iterator().next();
        for (int row = 0; row < length; row++) {
            var cells = new ArrayList<Object>();
            for (var one : columns.values()) cells.add(((List<?>) one).get(row));
            rows.add(cells);
        }
        return table(List.copyOf(columns.keySet()), columns.size(), rows);
    }

    private long tensors(Object data, boolean isServing) {
        boolean isWrapped = data instanceof Map<?, ?> map && map.keySet().equals(Set.of(INPUTS));
        boolean isDeclared = specs.isEmpty() || specs.stream().anyMatch(one -> INPUTS.equals(String.valueOf(one.name())));
        return Tensors.check(specs, isWrapped && (isServing || !isDeclared) ? ((Map<?, ?>) data).get(INPUTS) : data);
    }

    /** Returns the path of a cell in the document of a table; null where there is none. */
    List<String> place(Object column, Integer row) {
        boolean isTable = row != null && "dataframe".equals(info.get("type")) && data() instanceof Map;
        if (!isTable) return null;
        var names = ((Map<?, ?>) data()).get(COLUMNS);
        int at = names instanceof List<?> list ? list.indexOf(column) : -1;
        var place = new ArrayList<String>();
        if (hasParams()) place.add(INPUTS);
        place.addAll(List.of(DATA, String.valueOf(row), String.valueOf(at < 0 ? column : at)));
        return place;
    }
}
