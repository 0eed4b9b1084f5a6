package org.w3id.mlmodel.signature;

import java.math.BigInteger;
import java.util.EnumMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The literals that a type takes from untyped callers (SIG-054).
 *
 * @param form what they are
 * @param low the least integer that is exact, of numbers
 * @param high the largest
 * @param takesNull whether null is one of them
 */
public record Literals(Form form, BigInteger low, BigInteger high, boolean takesNull) {
    /** What literals are. */
    public enum Form { BOOLEAN, WHOLE, NUMBER, TEXT, BASE64, MOMENT }

    private static final Pattern INTEGER = Pattern.compile("(u?)int(8|16|32|64)");
    private static final Map<Type.Scalar, Literals> OF_SCALARS = new EnumMap<>(Map.of(
        Type.Scalar.BOOLEAN, plain(Form.BOOLEAN, false),
        Type.Scalar.INTEGER, whole(Integer.SIZE, true),
        Type.Scalar.LONG, whole(Long.SIZE, true),
        Type.Scalar.FLOAT, number(24),
        Type.Scalar.DOUBLE, number(53),
        Type.Scalar.STRING, plain(Form.TEXT, true),
        Type.Scalar.BINARY, plain(Form.BASE64, true),
        Type.Scalar.DATETIME, plain(Form.MOMENT, true)));
    private static final Map<String, Literals> OF_DTYPES = Map.of(
        "bool", plain(Form.BOOLEAN, false),
        "str", plain(Form.TEXT, false),
        "object", plain(Form.TEXT, true),
        "bytes", plain(Form.BASE64, false),
        "float16", number(11),
        "float32", number(24),
        "float64", number(53));

    static Literals of(Type.Scalar type) {
        return OF_SCALARS.get(type);
    }

    /** Returns the literals of a tensor's dtype; null where it has none that are known. */
    public static Literals of(String dtype) {
        var found = INTEGER.matcher(dtype);
        if (found.matches()) return whole(Integer.parseInt(found.group(2)), found.group(1).isEmpty());
        return dtype.startsWith("datetime64") ? plain(Form.MOMENT, true) : OF_DTYPES.get(dtype);
    }

    private static Literals plain(Form form, boolean takesNull) {
        return new Literals(form, null, null, takesNull);
    }

    private static Literals whole(int bits, boolean isSigned) {
        var low = isSigned ? BigInteger.TWO.pow(bits - 1).negate() : BigInteger.ZERO;
        return new Literals(Form.WHOLE, low, BigInteger.TWO.pow(isSigned ? bits - 1 : bits).subtract(BigInteger.ONE), false);
    }

    private static Literals number(int bits) {
        return new Literals(Form.NUMBER, BigInteger.TWO.pow(bits).negate(), BigInteger.TWO.pow(bits), true);
    }

    /** Returns whether every literal of another type is one of this. */
    boolean take(Literals given) {
        if (given.takesNull && !takesNull) return false;
        if (given.low != null && low != null) {
            if (given.form == Form.NUMBER && form == Form.WHOLE) return false;
            return low.compareTo(given.low) <= 0 && given.high.compareTo(high) <= 0;
        }
        return given.form == form || (form == Form.TEXT && (given.form == Form.BASE64 || given.form == Form.MOMENT));
    }
}
