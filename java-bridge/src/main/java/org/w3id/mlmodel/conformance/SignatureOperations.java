package org.w3id.mlmodel.conformance;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.enforcement.Enforcement;
import org.w3id.mlmodel.enforcement.Moment;
import org.w3id.mlmodel.enforcement.Source;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Change;
import org.w3id.mlmodel.signature.Comparison;
import org.w3id.mlmodel.signature.Inference;
import org.w3id.mlmodel.signature.Signature;

/** The operations on signatures and on JSON values; those on columns and tensors with dtypes are skipped. */
final class SignatureOperations {
    private static final long SECOND = 1_000_000_000L;
    private static final String MIDNIGHT = "T00:00:00";

    private SignatureOperations() {}

    /** Holds JSON values against a signature. */
    static Object enforce(Map<?, ?> input) {
        var data = value(input.get("data"));
        var signature = input.get("signature") instanceof Map<?, ?> parts ? Signature.read(parts) : null;
        if (signature == null || signature.inputs() == null) return Map.of("data", held(data));
        var columns = new Enforcement(signature.inputs()).read(data, Source.PROGRAM);
        boolean named = Signature.haveNames(signature.inputs());
        var said = new ArrayList<Object>();
        var wrong = new ArrayList<Detail>();
        for (int at = 0; at < columns.size(); at++) {
            var column = columns.get(at);
            var label = String.valueOf(column.name() == null ? (Object) at : column.name());
            var record = recorded(input.get("delivery"), label);
            said.add("date".equals(record.get("dtype")) ? days(column, named ? column.name() : at, wrong) : told(column, named, record));
        }
        if (!wrong.isEmpty()) throw MlmodelException.input(wrong);
        return Map.of("data", Map.of("columns", said));
    }

    /** Infers a signature from JSON values. */
    static Object infer(Map<?, ?> input) {
        var found = new LinkedHashMap<String, Object>();
        if (input.containsKey("data")) found.put("inputs", Inference.of(value(input.get("data"))));
        if (input.containsKey("outputs")) found.put("outputs", Inference.of(value(input.get("outputs"))));
        found.put("delivery", Map.of());
        return found;
    }

    /** Compares two signatures. */
    static Object compare(Map<?, ?> input) {
        var old = input.get("old") instanceof Map<?, ?> parts ? Signature.read(parts) : null;
        var now = input.get("new") instanceof Map<?, ?> parts ? Signature.read(parts) : null;
        var changes = Comparison.of(old, now);
        boolean isCompatible = changes.stream().allMatch(one -> one.breaks().isEmpty());
        return Map.of("compatible", isCompatible, "changes", changes.stream().map(Change::told).toList());
    }

    private static Object value(Object data) {
        if (data instanceof Map<?, ?> form && form.containsKey("value")) return form.get("value");
        throw new Skipped("only JSON values are read, no columns or tensors with dtypes");
    }

    private static Map<String, Object> held(Object value) {
        var said = new LinkedHashMap<String, Object>();
        said.put("value", value);
        return said;
    }

    /** Returns what the record of delivery says of a column (ENF-091). */
    private static Map<?, ?> recorded(Object delivery, String label) {
        boolean isThere = delivery instanceof Map<?, ?> record && record.get("columns") instanceof Map<?, ?> columns
            && columns.get(label) instanceof Map<?, ?>;
        return isThere ? (Map<?, ?>) ((Map<?, ?>) ((Map<?, ?>) delivery).get("columns")).get(label) : Map.of();
    }

    /** Returns a column as days, and adds the first time that is within one to what is wrong (ENF-094). */
    private static Map<String, Object> days(Column column, Object label, List<Detail> wrong) {
        var said = told(column, label instanceof String, Map.of("dtype", "date"));
        var days = new ArrayList<Object>();
        for (var one : (List<?>) said.get("values")) {
            if (one != null && !one.toString().endsWith(MIDNIGHT)) {
                wrong.add(new Detail("ENF-094", label, days.size(), "day", one.toString()));
                break;
            }
            days.add(one == null ? null : one.toString().replace(MIDNIGHT, ""));
        }
        said.put("values", days);
        return said;
    }

    private static Map<String, Object> told(Column column, boolean named, Map<?, ?> record) {
        var zone = record.get("zone");
        var said = new LinkedHashMap<String, Object>();
        said.put("name", named ? column.name() : null);
        said.put("dtype", zone != null ? "datetime64[ns, " + zone + "]"
            : record.get("dtype") != null ? record.get("dtype") : column.dtype());
        var values = new ArrayList<Object>();
        for (int row = 0; row < column.rows(); row++) values.add(told(column.at(row), zone));
        said.put("values", values);
        return said;
    }

    private static Object told(Object cell, Object zone) {
        if (cell instanceof List<?> list) return list.stream().map(one -> told(one, zone)).toList();
        if (cell instanceof Map<?, ?> map) {
            var said = new LinkedHashMap<Object, Object>();
            map.forEach((key, one) -> said.put(key, told(one, zone)));
            return said;
        }
        if (!(cell instanceof Moment moment)) return cell;
        return zone == null ? moment.toString() : inZone(moment.nanoseconds(), ZoneId.of(zone.toString()));
    }

    private static String inZone(long nanoseconds, ZoneId zone) {
        var instant = Instant.ofEpochSecond(Math.floorDiv(nanoseconds, SECOND), Math.floorMod(nanoseconds, SECOND));
        return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(instant.atZone(zone));
    }
}
