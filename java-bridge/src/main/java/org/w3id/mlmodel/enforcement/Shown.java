package org.w3id.mlmodel.enforcement;

import org.w3id.mlmodel.json.JsonText;
import org.w3id.mlmodel.json.Numeral;

/** Values as errors show them (ERR-005, ERR-014). */
public final class Shown {
    private static final int MOST = 60;

    private Shown() {}

    /** Returns a value as it is shown. */
    public static String of(Object value) {
        if (value instanceof Numeral number) return cut(digits(number));
        if (value instanceof Double token) return token.toString();
        return cut(value instanceof String text ? "'" + text + "'" : JsonText.of(value));
    }

    private static String digits(Numeral number) {
        if (number.isInteger()) return number.text();
        return JsonText.of(number.nearest());
    }

    /** Returns the beginning of a text that is longer than a value is shown. */
    public static String cut(String text) {
        if (text.codePointCount(0, text.length()) <= MOST) return text;
        return text.substring(0, text.offsetByCodePoints(0, MOST - 1)) + "…";
    }
}
