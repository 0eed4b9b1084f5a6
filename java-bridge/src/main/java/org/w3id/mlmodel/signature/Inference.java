package org.w3id.mlmodel.signature;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.JavaValues;
import org.w3id.mlmodel.json.Numeral;

/** Signatures found in values of JSON or of Java (SIG-010 to SIG-015, SIG-040, SIG-041, SIG-067, SIG-073). */
public final class Inference {
    private Inference() {}

    /** A column of data: a name, or null, and its cells. */
    private record Named(String name, List<Object> cells) {}

    /**
     * Returns the list of the MLmodel file for data: what {@link org.w3id.mlmodel.json.Json} gives, or values of Java.
     *
     * <p>Whole numbers of any class are {@code long}, others {@code double}; an array counts as a list. A class that is
     * not known is refused by its name (SIG-010).
     */
    public static List<Map<String, Object>> of(Object data) {
        var columns = columns(JavaValues.plain(data));
        if (columns.isEmpty()) throw refused("there is nothing to infer a signature from");
        return columns.stream().map(Inference::column).toList();
    }

    private static List<Named> columns(Object data) {
        if (data instanceof Map<?, ?> mapping) return ofMapping(mapping);
        if (!(data instanceof List<?> list)) return List.of(new Named(null, Collections.singletonList(data)));
        if (list.isEmpty()) return List.of();
        var kinds = kinds(list);
        if (kinds.size() > 1 && (kinds.contains("object") || kinds.contains("array"))) {
            throw refused("records, rows and values stand side by side");
        }
        if (kinds.contains("object")) return ofRecords(list);
        return kinds.contains("array") ? ofRows(list) : List.of(new Named(null, cells(list)));
    }

    private static List<Object> cells(List<?> list) {
        return new ArrayList<>(list);
    }

    private static List<Named> ofMapping(Map<?, ?> mapping) {
        boolean isRow = mapping.values().stream().anyMatch(one -> !(one instanceof List<?> list) || isNested(list))
            || mapping.values().stream().map(one -> ((List<?>) one).size()).distinct().count() > 1;
        var found = new ArrayList<Named>();
        mapping.forEach((name, value) -> found.add(new Named(
            String.valueOf(name), isRow ? Collections.singletonList(value) : cells((List<?>) value))));
        return found;
    }

    /** Returns whether a list holds objects alone, or lists alone (SIG-073). */
    private static boolean isNested(List<?> list) {
        return !list.isEmpty()
            && (list.stream().allMatch(Map.class::isInstance) || list.stream().allMatch(List.class::isInstance));
    }

    private static List<Named> ofRecords(List<?> records) {
        var names = new LinkedHashSet<Object>();
        for (var one : records) if (one instanceof Map<?, ?> record) names.addAll(record.keySet());
        var found = new ArrayList<Named>();
        for (var name : names) {
            var cells = new ArrayList<Object>();
            for (var one : records) cells.add(one instanceof Map<?, ?> record ? record.get(name) : null);
            found.add(new Named(String.valueOf(name), cells));
        }
        return found;
    }

    private static List<Named> ofRows(List<?> rows) {
        var widths = new LinkedHashSet<Integer>();
        for (var row : rows) widths.add(row instanceof List<?> cells ? cells.size() : -1);
        if (widths.size() > 1) throw refused("rows differ in length");
        var found = new ArrayList<Named>();
        for (int at = 0; at < widths.iterator().next(); at++) {
            var cells = new ArrayList<Object>();
            for (var row : rows) cells.add(((List<?>) row).get(at));
            found.add(new Named(null, cells));
        }
        return found;
    }

    private static Map<String, Object> column(Named given) {
        var spec = new LinkedHashMap<>(type(given.cells(), true));
        if (given.name() != null) spec.put("name", given.name());
        spec.put("required", given.name() == null || !given.cells().contains(null));
        return spec;
    }

    private static Set<String> kinds(List<?> values) {
        var kinds = new TreeSet<String>();
        for (var one : values) if (one != null) kinds.add(kind(one));
        return kinds;
    }

    private static String kind(Object value) {
        if (value instanceof Numeral number) return number.isInteger() ? "long" : "double";
        if (value instanceof Double || value instanceof BigDecimal) return "double";
        if (value instanceof byte[]) return "binary";
        if (value instanceof List) return "array";
        if (value instanceof Map) return "object";
        return value instanceof Boolean ? "boolean" : "string";
    }

    /** Returns the type of all values that stand at one place together (SIG-014, SIG-040, SIG-041). */
    private static Map<String, Object> type(List<?> values, boolean isColumn) {
        var there = values.stream().filter(Objects::nonNull).toList();
        var kinds = kinds(there);
        if (kinds.contains("double")) kinds.remove("long");
        if (kinds.size() > 1 && isColumn && !kinds.contains("array") && !kinds.contains("object")) {
            throw refused("a column holds values of several types (SIG-014)");
        }
        if (kinds.size() != 1) return any();
        var kind = kinds.iterator().next();
        if (kind.equals("array")) return list(there);
        if (kind.equals("object")) return object(there);
        if (kind.equals("long")) there.forEach(one -> requireLong((Numeral) one));
        // Of a column, and of a list, integers of which some are missing are floating point.
        return Map.of("type", kind.equals("long") && there.size() < values.size() ? "double" : kind);
    }

    private static void requireLong(Numeral number) {
        if (number.integer().bitLength() >= Long.SIZE) throw refused("an integer has more than 64 bits (SIG-014)");
    }

    private static Map<String, Object> any() {
        return Map.of("type", "any");
    }

    private static Map<String, Object> list(List<?> lists) {
        var held = new ArrayList<Object>();
        for (var one : lists) held.addAll((List<?>) one);
        var items = type(held, false);
        if (items.equals(any())) return items;
        var found = new LinkedHashMap<String, Object>();
        found.put("type", "array");
        found.put("items", items);
        return found;
    }

    private static Map<String, Object> object(List<?> objects) {
        var names = new TreeSet<String>(Names::compare);
        for (var one : objects) ((Map<?, ?>) one).keySet().forEach(name -> names.add((String) name));
        if (names.isEmpty()) return any();
        var properties = new LinkedHashMap<String, Object>();
        for (var name : names) {
            var values = new ArrayList<Object>();
            for (var one : objects) values.add(((Map<?, ?>) one).get(name));
            var spec = new LinkedHashMap<>(type(values.stream().filter(Objects::nonNull).toList(), false));
            spec.put("required", !values.contains(null));
            properties.put(name, spec);
        }
        var found = new LinkedHashMap<String, Object>();
        found.put("type", "object");
        found.put("properties", properties);
        return found;
    }

    private static MlmodelException refused(String why) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, "No signature was inferred: " + why + ".");
    }
}
