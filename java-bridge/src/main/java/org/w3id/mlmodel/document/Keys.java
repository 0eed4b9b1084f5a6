package org.w3id.mlmodel.document;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;

/** When two keys of a mapping are one: numbers by their value, {@code 1}, {@code 1.0} and {@code true} too. */
final class Keys {
    private Keys() {}

    /** Returns what is equal where keys are one. */
    static Object of(Object key) {
        if (key instanceof Boolean flag) return BigDecimal.valueOf(flag ? 1 : 0);
        if (key instanceof Long whole) return BigDecimal.valueOf(whole);
        if (key instanceof BigInteger whole) return new BigDecimal(whole);
        if (key instanceof Double number) return ofDouble(number);
        return key instanceof byte[] bytes ? ByteBuffer.wrap(bytes) : key;
    }

    private static Object ofDouble(double number) {
        if (Double.isNaN(number)) return new Object(); // equal to nothing
        if (Double.isInfinite(number)) return number;
        var exact = new BigDecimal(number);
        return exact.signum() == 0 ? BigDecimal.ZERO : exact.scale() > 0 ? exact : exact.setScale(0);
    }
}
