package org.w3id.mlmodel.document;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/**
 * The record of delivery: what a model gets of its columns beside their declared types (ENF-091).
 *
 * <p>It is kept as it is written, and looked at when a column is asked for: of a model that is only read it may be broken.
 *
 * @param columns what is recorded, by the columns' names, or by their positions as text; null where nothing is
 */
public record Delivery(Object columns) {
    /** A record that says nothing. */
    public static final Delivery NONE = new Delivery(null);
    static final List<String> PLACE = List.of("metadata", "mlmodel", "columns");

    private static final Set<String> DTYPES = Set.of("boolean", "category", "date", "object", "string");
    private static final Set<String> SCALARS = Set.of("boolean", "integer", "long", "float", "double", "string", "binary", "datetime");
    private static final Set<String> OWN_TYPE = Set.of("boolean", "string");

    /** Returns the record of a document. */
    public static Delivery of(Document document) {
        return new Delivery(Plain.at(document.data(), PLACE));
    }

    /** Returns the record of another program: a mapping with {@code columns}. */
    public static Delivery of(Map<?, ?> record) {
        return record == null ? NONE : new Delivery(record.get("columns"));
    }

    /** Returns what is recorded of the column with this name or at this position; what is broken is refused (ENF-091). */
    public Column of(Object nameOrPosition) {
        if (columns == null) return Column.NONE;
        if (!(columns instanceof Map<?, ?> named)) throw broken("columns is no mapping");
        var key = String.valueOf(nameOrPosition);
        var kept = named.get(key);
        if (kept == null) return Column.NONE;
        if (!(kept instanceof Map<?, ?> record)) throw broken("what is recorded of the column " + key + " is no mapping");
        var zone = record.get("zone");
        var dtype = record.get("dtype");
        if (zone != null && !(zone instanceof String)) throw broken("the zone of the column " + key + " is no text");
        if (dtype != null && !DTYPES.contains(dtype)) throw broken("the dtype of the column " + key + " is not known");
        if ("category".equals(dtype) && record.get("categories") == null) throw broken("the column " + key + " has no categories");
        return new Column((String) zone, (String) dtype);
    }

    private static MlmodelException broken(String why) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, "The record of delivery (metadata, mlmodel) is broken: " + why + " (ENF-091).");
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
