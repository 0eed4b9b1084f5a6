package org.w3id.mlmodel.serving;

import java.math.BigDecimal;
import org.w3id.mlmodel.json.JsonText;

/** Numbers as Python writes them: by their texts categories are known (HTO-011). */
final class PythonText {
    /** Python writes no exponent between these. */
    private static final int LEAST = -4;
    private static final int MOST = 16;

    private PythonText() {}

    static String of(double number) {
        if (Double.isNaN(number)) return "nan";
        if (Double.isInfinite(number)) return number > 0 ? "inf" : "-inf";
        if (number == 0) return Double.doubleToRawLongBits(number) == 0 ? "0.0" : "-0.0";
        var shortest = new BigDecimal(JsonText.of(number)).stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent < LEAST || exponent >= MOST) return withExponent(shortest, exponent);
        return shortest.scale() <= 0 ? shortest.toPlainString() + ".0" : shortest.toPlainString();
    }

    private static String withExponent(BigDecimal number, int exponent) {
        var mantissa = number.scaleByPowerOfTen(-exponent).toPlainString();
        return mantissa + (exponent < 0 ? "e-" : "e+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }
}
