package org.w3id.mlmodel.json;

/**
 * A literal taken apart as text, in one pass however long it is: {@code ±0.SIGNIFICANT × 10^places}.
 *
 * @param isNegative whether a minus sign stands before it; zero has none
 * @param significant its digits, without zeros at either end; empty of zero
 * @param places how many places the point is behind the first of them
 * @param scale how many places the point was moved from the end of the written digits, as a decimal counts them
 */
record Digits(boolean isNegative, String significant, long places, long scale) {
    /** An exponent beyond this is beyond any number, whatever the digits are. */
    private static final long LARGEST = 1L << 40;

    /** Takes a literal of JSON apart; null where its exponent is beyond any number. */
    static Digits of(String text) {
        int end = Math.max(text.indexOf('e'), text.indexOf('E'));
        long exponent = end < 0 ? 0 : exponent(text.substring(end + 1));
        if (Math.abs(exponent) > LARGEST) return null;
        var mantissa = end < 0 ? text : text.substring(0, end);
        boolean isNegative = mantissa.startsWith("-");
        int start = isNegative ? 1 : 0;
        int point = mantissa.indexOf('.');
        int whole = (point < 0 ? mantissa.length() : point) - start;
        var digits = point < 0 ? mantissa.substring(start) : mantissa.substring(start, point) + mantissa.substring(point + 1);
        int first = 0;
        while (first < digits.length() && digits.charAt(first) == '0') first++;
        int last = digits.length();
        while (last > first && digits.charAt(last - 1) == '0') last--;
        long scale = digits.length() - whole - exponent;
        if (first == last) return new Digits(false, "", 0, scale);
        return new Digits(isNegative, digits.substring(first, last), whole - first + exponent, scale);
    }

    private static long exponent(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException error) {
            return Long.MAX_VALUE;
        }
    }

    boolean isWhole() {
        return significant.length() <= places;
    }

    /** Returns the digits of a whole number, with its sign. */
    String whole() {
        if (significant.isEmpty()) return "0";
        return (isNegative ? "-" : "") + significant + "0".repeat((int) places - significant.length());
    }

    boolean isSame(Digits other) {
        return isNegative == other.isNegative && significant.equals(other.significant) && places == other.places;
    }
}
