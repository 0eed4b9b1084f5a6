package org.w3id.mlmodel.enforcement;

import java.util.BitSet;
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
 */
public record Column(Object name, Type type, Object values, BitSet missing) {
    /** Returns how many rows there are. */
    public int rows() {
        return java.lang.reflect.Array.getLength(values);
    }

    /** Returns the cell of a row as an object; what is missing is null, and NaN among floats. */
    public Object at(int row) {
        if (missing.get(row)) return null;
        if (values instanceof double[] numbers) return numbers[row];
        if (values instanceof float[] numbers) return numbers[row];
        if (values instanceof int[] numbers) return numbers[row];
        if (values instanceof boolean[] truths) return truths[row];
        if (values instanceof long[] numbers) {
            return type == Scalar.DATETIME ? (Object) new Moment(numbers[row]) : (Object) numbers[row];
        }
        return ((Object[]) values)[row];
    }

    /** Returns the dtype of ENF-002; what is optional and has gaps is nullable. */
    public String dtype() {
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
