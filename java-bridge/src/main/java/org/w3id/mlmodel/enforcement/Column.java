package org.w3id.mlmodel.enforcement;

import java.time.ZoneId;
import java.util.BitSet;
import org.w3id.mlmodel.document.Delivery;
import org.w3id.mlmodel.signature.Type;
import org.w3id.mlmodel.signature.Type.Scalar;

/**
 * A column as a model gets it: numbers in an array of their own type, and which cells are missing.
 *
 * @param name the declared name, or null
 * @param type the declared type
 * @param values {@code boolean[]}, {@code int[]}, {@code long[]} (of datetime nanoseconds), {@code float[]},
 *     {@code double[]} or {@code Object[]}
 * @param missing the rows without a value, of which {@code values} says nothing; floats have NaN
 * @param delivery what a model gets beside the declared type
 */
public record Column(Object name, Type type, Object values, BitSet missing, Delivery.Column delivery) {
    /** Makes a column of which nothing is recorded. */
    public Column(Object name, Type type, Object values, BitSet missing) {
        this(name, type, values, missing, Delivery.Column.NONE);
    }

    /** Returns how many rows there are. */
    public int rows() {
        return java.lang.reflect.Array.getLength(values);
    }

    /**
     * Returns the cell of a row as an object; what is missing is null, and NaN among floats.
     *
     * <p>Of a datetime it is a {@link Moment}, or where that is recorded a {@link ZonedMoment} or a {@link java.time.LocalDate}.
     */
    public Object at(int row) {
        if (missing.get(row)) return null;
        if (values instanceof double[] numbers) return numbers[row];
        if (values instanceof float[] numbers) return numbers[row];
        if (values instanceof int[] numbers) return numbers[row];
        if (values instanceof boolean[] truths) return truths[row];
        if (values instanceof long[] numbers) {
            return type == Scalar.DATETIME ? delivered(new Moment(numbers[row])) : (Object) numbers[row];
        }
        return ((Object[]) values)[row];
    }

    private Object delivered(Moment moment) {
        if (delivery.isDays()) return moment.day();
        return delivery.zone() == null ? moment : new ZonedMoment(moment, ZoneId.of(delivery.zone()));
    }

    /** Returns the dtype of ENF-002, or the recorded one; what is optional and has gaps is nullable. */
    public String dtype() {
        if (delivery.zone() != null) return "datetime64[ns, " + delivery.zone() + "]";
        if (delivery.dtype() != null) return delivery.dtype();
        if (!(type instanceof Scalar scalar)) return "object";
        if (missing.isEmpty()) return scalar.dtype();
        return switch (scalar) {
            case BOOLEAN -> "object";
            case INTEGER -> "Int32";
            case LONG -> "Int64";
            case BINARY -> missing.cardinality() == rows() ? "object" : "binary";
            default -> scalar.dtype();
        };
    }
}
