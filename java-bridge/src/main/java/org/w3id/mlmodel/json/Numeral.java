package org.w3id.mlmodel.json;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * A number of JSON as it was written: its digits, and whether it has a fraction or an exponent.
 *
 * @param text the literal
 */
public record Numeral(String text) {
    private static final int DIGITS_OF_2_53 = 16;

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

    /** Returns the number as a decimal, which of many digits takes long; null where its exponent is beyond any number. */
    public BigDecimal decimal() {
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException | ArithmeticException error) {
            return null;
        }
    }

    /** Returns the whole number below 2^53 that this is exactly, however it is written; null if it is none. */
    public Long whole() {
        var digits = Digits.of(text);
        if (digits == null || digits.places() > DIGITS_OF_2_53 || !digits.isWhole()) return null;
        long number = Long.parseLong(digits.whole());
        return Math.abs(number) < 1L << 53 ? (Long) number : null;
    }

    /**
     * Returns the literal without fraction and exponent, if it stands for a whole number exactly; else null, and where
     * its places were moved by more than {@code furthest}.
     */
    public Numeral integral(int furthest) {
        var digits = Digits.of(text);
        if (digits == null || Math.abs(digits.scale()) > furthest || !digits.isWhole()) return null;
        return new Numeral(digits.whole());
    }

    /** Two literals of one number are equal. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Numeral number)) return false;
        if (text.equals(number.text)) return true;
        var own = Digits.of(text);
        var its = Digits.of(number.text);
        return own != null && its != null && own.isSame(its);
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
