package org.w3id.mlmodel.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.document.Delivery;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.enforcement.Enforcement;
import org.w3id.mlmodel.enforcement.Moment;
import org.w3id.mlmodel.enforcement.Source;
import org.w3id.mlmodel.signature.Change;
import org.w3id.mlmodel.signature.Comparison;
import org.w3id.mlmodel.signature.Inference;
import org.w3id.mlmodel.signature.Signature;

/** The operations on signatures and on JSON values; those on columns and tensors with dtypes are skipped. */
final class SignatureOperations {
    private SignatureOperations() {}

    /** Holds JSON values against a signature. */
    static Object enforce(Map<?, ?> input) {
        var data = value(input.get("data"));
        var signature = input.get("signature") instanceof Map<?, ?> parts ? Signature.read(parts) : null;
        if (signature == null || signature.inputs() == null) return Map.of("data", held(data));
        var delivery = Delivery.of((Map<?, ?>) input.get("delivery"));
        boolean named = Signature.haveNames(signature.inputs());
        var said = new ArrayList<Object>();
        for (var column : new Enforcement(signature.inputs(), delivery).read(data, Source.PROGRAM)) said.add(told(column, named));
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

    private static Map<String, Object> told(Column column, boolean named) {
        var said = new LinkedHashMap<String, Object>();
        said.put("name", named ? column.name() : null);
        said.put("dtype", column.dtype());
        var values = new ArrayList<Object>();
        for (int row = 0; row < column.rows(); row++) values.add(told(column.at(row)));
        said.put("values", values);
        return said;
    }

    private static Object told(Object cell) {
        if (cell instanceof List<?> list) return list.stream().map(SignatureOperations::told).toList();
        if (cell instanceof Map<?, ?> map) {
            var said = new LinkedHashMap<Object, Object>();
            map.forEach((key, one) -> said.put(key, told(one)));
            return said;
        }
        return Moment.isTime(cell) ? cell.toString() : cell;
    }
}
