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
        boolean isNormal = Math.abs(number) >= Double.MIN_NORMAL || number == 0;
        if (text.length() < MOST && isNormal) return text;
        var exact = new BigDecimal(number);
        for (int digits = isNormal ? MOST - 2 : 1; digits <= MOST; digits++) {
            var shorter = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (shorter.doubleValue() == number) return shorter.stripTrailingZeros().toString().replace("E+", "E");
        }
        return text;
    }
}
