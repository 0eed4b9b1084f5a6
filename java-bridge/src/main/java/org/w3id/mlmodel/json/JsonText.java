package org.w3id.mlmodel.json;

import java.util.Base64;
import java.util.Map;

/**
 * JSON written. A double is the shortest decimal that reads as the same one (RST-043), NaN is null
 * and an infinity its text (RST-041, RST-083).
 */
public final class JsonText {
    private final StringBuilder to = new StringBuilder();

    private JsonText() {}

    /** Writes maps, iterables, texts, booleans, numbers, {@link Numeral}, bytes (as base64) and null. */
    public static String of(Object value) {
        var text = new JsonText();
        text.put(value);
        return text.to.toString();
    }

    private void put(Object value) {
        if (value instanceof Map<?, ?> map) {
            members(map);
        } else if (value instanceof Iterable<?> list) {
            char before = '[';
            for (var one : list) {
                to.append(before);
                put(one);
                before = ',';
            }
            to.append(before == '[' ? "[]" : "]");
        } else if (value instanceof Float single) {
            number(single);
        } else if (value instanceof Double number) {
            number(number);
        } else if (value == null || value instanceof Boolean || value instanceof Number || value instanceof Numeral) {
            to.append(value);
        } else if (value instanceof byte[] bytes) {
            text(Base64.getEncoder().encodeToString(bytes));
        } else {
            text(value.toString());
        }
    }

    private void members(Map<?, ?> map) {
        char before = '{';
        for (var one : map.entrySet()) {
            to.append(before);
            text(String.valueOf(one.getKey()));
            to.append(':');
            put(one.getValue());
            before = ',';
        }
        to.append(before == '{' ? "{}" : "}");
    }

    private void number(double number) {
        if (Double.isNaN(number)) {
            to.append("null");
        } else if (Double.isInfinite(number)) {
            to.append(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        } else {
            to.append(Shortest.of(number));
        }
    }

    private void text(String text) {
        to.append('"');
        for (int at = 0; at < text.length(); at++) {
            char one = text.charAt(at);
            switch (one) {
                case '"' -> to.append("\\\"");
                case '\\' -> to.append("\\\\");
                case '\n' -> to.append("\\n");
                case '\r' -> to.append("\\r");
                case '\t' -> to.append("\\t");
                default -> {
                    if (one < ' ' || one == '\u007f') {
                        to.append(String.format("\\u%04x", (int) one));
                    } else {
                        to.append(one);
                    }
                }
            }
        }
        to.append('"');
    }
}
