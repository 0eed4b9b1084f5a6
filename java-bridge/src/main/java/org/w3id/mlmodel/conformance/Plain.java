package org.w3id.mlmodel.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Numeral;
import tools.jackson.databind.JsonNode;

/** Inputs as plain values with numbers as they were written, and results as Jackson writes them. */
final class Plain {
    private Plain() {}

    /** What answers a case from plain values. */
    @FunctionalInterface
    interface Answer {
        Object of(Map<?, ?> input);
    }

    /** Returns the operation; a refusal of the table of errors is its result. */
    static Operation operation(Answer answer) {
        return input -> {
            try {
                return written(answer.of((Map<?, ?>) read(input)));
            } catch (MlmodelException error) {
                throw new Refused(error.name().name(), error.details().stream().map(Detail::told).map(Plain::written).toList());
            }
        };
    }

    private static Object read(JsonNode node) {
        if (node.isNumber()) return new Numeral(node.asString());
        if (node.isString()) return node.stringValue();
        if (node.isBoolean()) return node.booleanValue();
        if (node.isArray()) {
            var items = new ArrayList<Object>();
            node.forEach(one -> items.add(read(one)));
            return items;
        }
        if (!node.isObject()) return null;
        var members = new LinkedHashMap<String, Object>();
        node.properties().forEach(one -> members.put(one.getKey(), read(one.getValue())));
        return members;
    }

    private static Object written(Object value) {
        if (value instanceof Numeral number) return number.isInteger() ? number.integer() : (Object) number.decimal();
        if (value instanceof List<?> list) return list.stream().map(Plain::written).toList();
        if (!(value instanceof Map<?, ?> map)) return value;
        var said = new LinkedHashMap<Object, Object>();
        map.forEach((key, one) -> said.put(key, written(one)));
        return said;
    }
}
