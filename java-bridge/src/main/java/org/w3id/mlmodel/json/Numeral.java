package org.w3id.mlmodel.json;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * A number of JSON as it was written: its digits, and whether it has a fraction or an exponent.
 *
 * @param text the literal
 */
public record Numeral(String text) {
    /** Returns whether it is an integer literal: digits, with or without a minus sign (ENF-042). */
    public boolean isInteger() {
        for (int at = 0; at < text.length(); at++) {
            char one = text.charAt(at);
            if (one == '.' || one == 'e' || one == 'E') return false;
        }
        return true;
    }

    /** Returns the nearest double. */
    public double nearest() {
        return Double.parseDouble(text);
    }

    /** Returns the nearest float, rounded once. */
    public float nearestFloat() {
        return Float.parseFloat(text);
    }

    /** Returns the integer that an integer literal is. */
    public BigInteger integer() {
        return new BigInteger(text);
    }

    /** Returns the number as a decimal; null where its exponent is beyond any number. */
    public BigDecimal decimal() {
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException | ArithmeticException error) {
            return null;
        }
    }

    /** Returns the whole number below 2^53 that this is exactly, however it is written; null if it is none. */
    public Long whole() {
        double near = nearest();
        if (near != Math.rint(near) || Math.abs(near) >= 0x1p53) return null;
        var exact = decimal();
        boolean isExact = exact != null && exact.compareTo(BigDecimal.valueOf((long) near)) == 0;
        return isExact ? (Long) (long) near : null;
    }

    /** Two literals of one number are equal. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Numeral number)) return false;
        if (text.equals(number.text)) return true;
        var own = decimal();
        var its = number.decimal();
        return own != null && its != null && own.compareTo(its) == 0;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(nearest() + 0.0);
    }

    @Override
    public String toString() {
        return text;
    }
}
