package org.w3id.mlmodel.document;

import java.util.Collection;
import java.util.Map;

/** How values stand in messages (ERR-005). */
final class Texts {
    private static final int SHOWN = 60;

    private Texts() {}

    /** Returns the first characters of a text. */
    static String cut(String text, int most) {
        return text.codePointCount(0, text.length()) <= most ? text : text.substring(0, text.offsetByCodePoints(0, most));
    }

    /** Returns a text in quotes, cut. */
    static String quoted(String text, int most) {
        return "'" + cut(text, most) + "'";
    }

    static String quoted(String text) {
        return quoted(text, SHOWN);
    }

    /** Returns a value as an error shows it, without its whole length. */
    static String shown(Object value) {
        if (value instanceof String text) return quoted(text);
        if (value instanceof Collection<?> items) return "a list of " + items.size();
        if (value instanceof Map<?, ?> members) return "a mapping of " + members.size();
        return cut(String.valueOf(value), SHOWN);
    }
}
