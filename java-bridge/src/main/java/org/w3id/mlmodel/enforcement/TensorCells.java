package org.w3id.mlmodel.enforcement;

import java.math.BigInteger;
import java.util.Map;
import org.w3id.mlmodel.json.Numeral;
import org.w3id.mlmodel.signature.Literals;
import org.w3id.mlmodel.signature.Literals.Form;
import org.w3id.mlmodel.signature.Type;
import org.w3id.mlmodel.signature.Type.Scalar;

/** Cells of nested arrays at the dtype of a tensor (ENF-075). */
final class TensorCells {
    private static final int DIGITS_OF_64_BITS = 20;
    /** Decimals from here on are nearer to no float16, of which 65504 is the largest. */
    private static final double BEYOND_HALF = 65520;
    private static final int BITS_OF_HALF = 11;
    private static final int LARGEST_OF_HALF = 16;
    /** A number of more digits is larger, or smaller, than any of 16 bits that has them. */
    private static final int MOST_DIGITS = 400;
    private static final long SECOND = 1_000_000_000L;
    private static final long DAY = 86_400 * SECOND;
    /** The units of datetime64 that are a number of nanoseconds. */
    private static final Map<String, Long> UNITS = Map.of("W", 7 * DAY, "D", DAY, "h", 3600 * SECOND, "m", 60 * SECOND,
        "s", SECOND, "ms", 1_000_000L, "us", 1_000L);
    private static final String DAY_STARTS = "T00:00:00";

    private final String dtype;
    private final Literals literals;
    private final Scalar type;

    private TensorCells(String dtype, Literals literals) {
        this.dtype = dtype;
        this.literals = literals;
        type = switch (literals.form()) {
            case BOOLEAN -> Scalar.BOOLEAN;
            case WHOLE -> Scalar.LONG;
            case NUMBER -> dtype.equals("float64") ? Scalar.DOUBLE : Scalar.FLOAT;
            case TEXT -> Scalar.STRING;
            case BASE64 -> Scalar.BINARY;
            case MOMENT -> Scalar.DATETIME;
        };
    }

    /** Returns what reads cells of a dtype; null of one for which JSON has no form. */
    static TensorCells of(String dtype) {
        var literals = Literals.of(dtype);
        return literals == null ? null : new TensorCells(dtype, literals);
    }

    /** Goes on where a cell is a literal of the dtype. */
    void require(Object cell) throws Fault {
        if (isMissing(cell)) return;
        switch (type) {
            case BOOLEAN -> Scalars.truth(cell);
            case LONG -> requireWhole(cell);
            case FLOAT -> requireFloat(cell);
            case DOUBLE -> Scalars.floating(type, cell);
            case STRING -> Scalars.text(cell);
            case BINARY -> Scalars.bytes(cell);
            default -> requireMoment(cell);
        }
    }

    private boolean isMissing(Object cell) throws Fault {
        boolean isText = literals.form() == Form.TEXT || literals.form() == Form.BASE64;
        if (isText && !literals.takesNull()) {
            if (cell == null) throw new Fault("ENF-075", type, null);
            if (cell instanceof Double) throw new Fault("ENF-066", type, cell);
        }
        return Scalars.isMissing(type, cell, true);
    }

    private void requireWhole(Object cell) throws Fault {
        boolean isInteger = cell instanceof Numeral number && number.isInteger();
        if (!isInteger) {
            Scalars.whole(type, cell, true);
            return;
        }
        var number = (Numeral) cell;
        boolean fits = number.text().length() <= DIGITS_OF_64_BITS && literals.low().compareTo(number.integer()) <= 0
            && number.integer().compareTo(literals.high()) <= 0;
        if (!fits) throw new Fault("ENF-043", type, cell);
    }

    private void requireFloat(Object cell) throws Fault {
        Scalars.floating(type, cell);
        if (!dtype.equals("float16") || !(cell instanceof Numeral number)) return;
        if (number.isInteger()) {
            if (number.text().length() > MOST_DIGITS || !isHalf(number.integer())) throw new Fault("ENF-045", type, cell);
            return;
        }
        boolean isBeyond = Math.abs(number.nearest()) >= BEYOND_HALF;
        if (isBeyond) throw new Fault("ENF-047", type, cell);
    }

    private static boolean isHalf(BigInteger number) {
        var size = number.abs();
        return size.bitLength() <= LARGEST_OF_HALF && size.bitLength() - Math.max(size.getLowestSetBit(), 0) <= BITS_OF_HALF;
    }

    /** Requires a moment that the unit holds exactly. */
    private void requireMoment(Object cell) throws Fault {
        var moment = new Moment(Scalars.moment(cell));
        var unit = dtype.replaceFirst("datetime64(?:\\[(.*)])?", "$1");
        var step = UNITS.get(unit);
        boolean isWhole = step != null ? Math.floorMod(moment.nanoseconds(), step) == 0
            : unit.equals("M") ? moment.toString().endsWith("-01" + DAY_STARTS)
            : !unit.equals("Y") || moment.toString().endsWith("-01-01" + DAY_STARTS);
        if (!isWhole) throw new Fault("ENF-040", type, cell);
    }
}
