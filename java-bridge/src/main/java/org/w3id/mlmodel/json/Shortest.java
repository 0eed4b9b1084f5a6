package org.w3id.mlmodel.json;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Doubles as the shortest decimal that reads as the same one, which Java itself writes since 19 alone. */
final class Shortest {
    private static final int MOST = 17;

    private Shortest() {}

    /** Returns the text of a finite double. */
    static String of(double number) {
        var text = Double.toString(number);
        // What Java 17 writes with few digits is right; of many, the last ones may be too many.
        if (text.length() < MOST) return text;
        var exact = new BigDecimal(number);
        for (int digits = MOST - 2; digits < MOST; digits++) {
            var shorter = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (shorter.doubleValue() == number) return shorter.stripTrailingZeros().toString();
        }
        return text;
    }
}
