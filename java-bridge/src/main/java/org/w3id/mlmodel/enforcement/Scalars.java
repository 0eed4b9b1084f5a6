package org.w3id.mlmodel.enforcement;

import java.math.BigDecimal;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.json.JavaValues;
import org.w3id.mlmodel.json.Numeral;
import org.w3id.mlmodel.signature.Type.Scalar;

/** Cells of untyped forms, read at a scalar type exactly, or refused (ENF-016, ENF-040 to ENF-068). */
final class Scalars {
    /** Integers of so few digits are the same as doubles, and as floats. */
    private static final int DIGITS_OF_DOUBLE = 15;
    private static final int DIGITS_OF_FLOAT = 7;
    /** An integer of more digits is larger than any double. */
    private static final int MOST_DIGITS = 400;

    private Scalars() {}

    /**
     * Returns whether a cell is missing; {@code required} is what its column or property is.
     *
     * <p>The token NaN is read as null is where a value may be missing (ENF-106).
     */
    static boolean isMissing(Scalar type, Object cell, boolean required) throws Fault {
        if (cell instanceof Double token && !type.isFloating()) {
            boolean mayMiss = !required || (type != Scalar.BOOLEAN && !type.isWhole());
            if (!token.isNaN() || !mayMiss) throw new Fault("ENF-066", type, cell);
            return true;
        }
        if (cell != null) return type == Scalar.DATETIME && cell.equals("NaT");
        if (required && (type == Scalar.BOOLEAN || type.isWhole())) throw new Fault("ENF-044", type, null);
        return true;
    }

    private static void requireScalar(Scalar type, Object cell) throws Fault {
        if (cell instanceof List || cell instanceof Map) throw new Fault("ENF-057", type, cell);
        if (cell instanceof BigDecimal) throw new Fault("ENF-016", type, cell);
        boolean takesBytes = type == Scalar.BINARY || type == Scalar.DATETIME;
        if (cell instanceof byte[] && !takesBytes) throw new Fault("ENF-021", type, cell);
    }

    static boolean truth(Object cell) throws Fault {
        if (cell instanceof Boolean truth) return truth;
        requireScalar(Scalar.BOOLEAN, cell);
        throw new Fault("ENF-041", Scalar.BOOLEAN, cell);
    }

    /** Reads a whole number; a decimal that is one exactly is taken where it need not be there (ENF-115). */
    static long whole(Scalar type, Object cell, boolean required) throws Fault {
        if (!(cell instanceof Numeral number)) throw notNumber(type, cell);
        if (!number.isInteger()) {
            var exact = required ? null : number.whole();
            if (exact == null) throw new Fault("ENF-042", type, cell);
            return within(type, exact, cell);
        }
        var text = number.text();
        if (text.length() > 20) throw new Fault("ENF-043", type, cell);
        if (text.length() < 19) return within(type, Long.parseLong(text), cell);
        var exact = number.integer();
        if (exact.bitLength() >= Long.SIZE) throw new Fault("ENF-043", type, cell);
        return within(type, exact.longValue(), cell);
    }

    private static long within(Scalar type, long number, Object cell) throws Fault {
        if (type == Scalar.INTEGER && (int) number != number) throw new Fault("ENF-043", type, cell);
        return number;
    }

    private static Fault notNumber(Scalar type, Object cell) throws Fault {
        requireScalar(type, cell);
        return new Fault("ENF-049", type, cell);
    }

    /** Reads a floating-point number; of {@code FLOAT} it is a float (ENF-045 to ENF-047, ENF-064). */
    static double floating(Scalar type, Object cell) throws Fault {
        if (cell instanceof Numeral number) return nearest(type, number);
        if (cell instanceof BigDecimal decimal) return nearest(type, new Numeral(JavaValues.literal(decimal)));
        if (cell instanceof Double token) return token;
        if ("NaN".equals(cell) || "Infinity".equals(cell) || "-Infinity".equals(cell)) {
            return Double.parseDouble((String) cell);
        }
        throw notNumber(type, cell);
    }

    private static double nearest(Scalar type, Numeral number) throws Fault {
        boolean isInteger = number.isInteger();
        int length = number.text().length();
        if (isInteger && length > MOST_DIGITS) throw new Fault("ENF-045", type, number);
        double near = type == Scalar.FLOAT ? number.nearestFloat() : number.nearest();
        if (!isInteger) {
            if (Double.isInfinite(near)) throw new Fault("ENF-047", type, number);
            return near;
        }
        if (length <= (type == Scalar.FLOAT ? DIGITS_OF_FLOAT : DIGITS_OF_DOUBLE)) return near;
        boolean isExact = !Double.isInfinite(near)
            && new BigDecimal(near).compareTo(new BigDecimal(number.text())) == 0;
        if (!isExact) throw new Fault("ENF-045", type, number);
        return near;
    }

    static String text(Object cell) throws Fault {
        if (cell instanceof String text) return text;
        requireScalar(Scalar.STRING, cell);
        throw new Fault("ENF-050", Scalar.STRING, cell);
    }

    /** Reads bytes as they are, and base64, line breaks passed over, the bits that no byte takes zero (ENF-052). */
    static byte[] bytes(Object cell) throws Fault {
        requireScalar(Scalar.BINARY, cell);
        if (cell instanceof byte[] bytes) return bytes;
        if (cell instanceof String given) {
            var text = given.indexOf('\n') < 0 ? given : given.replace("\r\n", "").replace("\n", "");
            try {
                var bytes = Base64.getDecoder().decode(text);
                if (Base64.getEncoder().encodeToString(bytes).equals(text)) return bytes;
            } catch (IllegalArgumentException error) {
                throw new Fault("ENF-052", Scalar.BINARY, cell);
            }
        }
        throw new Fault("ENF-052", Scalar.BINARY, cell);
    }

    /** Returns nanoseconds since 1970 in UTC. */
    static long moment(Object cell) throws Fault {
        if (cell instanceof Numeral) throw new Fault("ENF-055", Scalar.DATETIME, cell);
        requireScalar(Scalar.DATETIME, cell);
        if (!(cell instanceof String text)) throw new Fault("ENF-053", Scalar.DATETIME, cell);
        var found = Moment.read(text);
        if (found.read() == Moment.Read.NO_MOMENT) throw new Fault("ENF-053", Scalar.DATETIME, cell);
        if (found.read() == Moment.Read.OUT_OF_RANGE) throw new Fault("ENF-056", Scalar.DATETIME, cell);
        return found.nanoseconds();
    }
}
