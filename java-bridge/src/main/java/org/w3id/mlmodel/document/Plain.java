package org.w3id.mlmodel.document;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Plain values as JSON for the validator of schemas, and in words. */
final class Plain {
    private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

    private Plain() {}

    /** Returns a value as JSON; what JSON has no type for is of none. */
    static JsonNode json(Object value) {
        if (value instanceof Map<?, ?> members) {
            var found = MAKE.objectNode();
            members.forEach((key, member) -> found.set(String.valueOf(key), json(member)));
            return found;
        }
        if (value instanceof List<?> items) {
            var found = MAKE.arrayNode(items.size());
            items.forEach(item -> found.add(json(item)));
            return found;
        }
        return scalar(value);
    }

    private static JsonNode scalar(Object value) {
        if (value == null) return MAKE.nullNode();
        if (value instanceof String text) return MAKE.stringNode(text);
        if (value instanceof Boolean flag) return MAKE.booleanNode(flag);
        if (value instanceof Long whole) return MAKE.numberNode(whole);
        if (value instanceof BigInteger whole) return MAKE.numberNode(whole);
        if (!(value instanceof Double number)) return MAKE.pojoNode(value);
        // 1.0 is a whole number.
        boolean isWhole = !Double.isInfinite(number) && number == Math.rint(number);
        return isWhole ? MAKE.numberNode(new BigDecimal(number).toBigIntegerExact()) : MAKE.numberNode(number);
    }

    /** Returns a schema without the keywords that are the format's own, and without notes on texts. */
    static JsonNode withoutOwnKeywords(JsonNode schema) {
        if (schema.isArray()) {
            var items = MAKE.arrayNode();
            schema.forEach(item -> items.add(withoutOwnKeywords(item)));
            return items;
        }
        if (!schema.isObject()) return schema;
        var members = MAKE.objectNode();
        schema.forEachEntry((key, member) -> {
            boolean isLeftOut = key.startsWith("x-") || key.equals("contentSchema") || key.equals("contentMediaType") || key.equals("$id");
            if (!isLeftOut) members.set(key, withoutOwnKeywords(member));
        });
        return members;
    }

    /** Returns the value at a path. */
    static Object at(Object value, List<?> path) {
        var found = value;
        for (var part : path) {
            if (found instanceof List<?> items && part instanceof Integer index) found = items.get(index);
            else found = found instanceof Map<?, ?> members ? members.get(part) : null;
        }
        return found;
    }

    static boolean isEmpty(Object value) {
        return "".equals(value) || value instanceof Map<?, ?> members && members.isEmpty()
            || value instanceof List<?> items && items.isEmpty();
    }

    /** Returns what a value is, in words. */
    static String kind(Object value) {
        if (value == null) return "null";
        if (value instanceof Map<?, ?>) return "a mapping";
        if (value instanceof List<?>) return "a list";
        if (value instanceof String) return "a text";
        if (value instanceof Boolean) return "true or false";
        if (value instanceof Double) return "a number";
        if (value instanceof Long || value instanceof BigInteger) return "a whole number";
        return value instanceof byte[] ? "binary" : value instanceof java.util.Set<?> ? "a set" : "a time";
    }
}
