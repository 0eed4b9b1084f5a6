package org.w3id.mlmodel.document;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The record of delivery: what a model gets of its columns beside their declared types (ENF-091).
 *
 * @param columns what is recorded, by the columns' names, or by their positions as text
 */
public record Delivery(Map<?, ?> columns) {
    /** A record that says nothing. */
    public static final Delivery NONE = new Delivery(Map.of());
    static final List<String> PLACE = List.of("metadata", "mlmodel", "columns");

    private static final Set<String> SCALARS = Set.of("boolean", "integer", "long", "float", "double", "string", "binary", "datetime");
    private static final Set<String> OWN_TYPE = Set.of("boolean", "string");

    /** Returns the record of a document. */
    public static Delivery of(Document document) {
        return new Delivery(Document.mapping(Plain.at(document.data(), PLACE)));
    }

    /** Returns the record of an operation of the conformance suite, or of another program: a mapping with {@code columns}. */
    public static Delivery of(Map<?, ?> record) {
        return record != null && record.get("columns") instanceof Map<?, ?> columns ? new Delivery(columns) : NONE;
    }

    /** Returns what is recorded of the column with this name or at this position. */
    public Column of(Object nameOrPosition) {
        if (!(columns.get(String.valueOf(nameOrPosition)) instanceof Map<?, ?> record)) return Column.NONE;
        return new Column(text(record.get("zone")), text(record.get("dtype")));
    }

    private static String text(Object value) {
        return value == null ? null : String.valueOf(value);
    }

    /**
     * What is recorded of one column.
     *
     * @param zone the time zone, or null (ENF-092)
     * @param dtype what it is delivered as, or null (ENF-094)
     */
    public record Column(String zone, String dtype) {
        /** Of a column of which nothing is recorded. */
        public static final Column NONE = new Column(null, null);

        /** Returns whether the model gets days. */
        public boolean isDays() {
            return "date".equals(dtype);
        }

        /** Returns whether this may be recorded of a column of a type (ENF-091). */
        public boolean fits(String type) {
            if (!SCALARS.contains(type)) return false;
            if (zone != null) return type.equals("datetime") && dtype == null;
            if (isDays()) return type.equals("datetime");
            return dtype == null || !OWN_TYPE.contains(dtype) || dtype.equals(type);
        }
    }
}
