package org.w3id.mlmodel.signature;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Whether one declaration takes all that another takes (SIG-054, SIG-056, SIG-057). */
final class Widening {
    /** The dtypes that a declared type takes (the table of ENF-020). */
    private static final Map<Type.Scalar, Set<String>> TAKEN = new EnumMap<>(Map.of(
        Type.Scalar.BOOLEAN, Set.of("bool"),
        Type.Scalar.INTEGER, Set.of("int8", "int16", "int32", "uint8", "uint16"),
        Type.Scalar.LONG, Set.of("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
        Type.Scalar.FLOAT, Set.of("float16", "float32", "int8", "int16", "uint8", "uint16"),
        Type.Scalar.DOUBLE, Set.of(
            "float16", "float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32"),
        Type.Scalar.STRING, Set.of("text"),
        Type.Scalar.BINARY, Set.of("bytes"),
        Type.Scalar.DATETIME, Set.of("datetime64")));

    private final boolean isTyped;
    private final boolean isRead;

    /** For callers that have types, or none; {@code isRead} of answers, whose readers pass over properties. */
    Widening(boolean isTyped, boolean isRead) {
        this.isTyped = isTyped;
        this.isRead = isRead;
    }

    boolean takes(Spec given, Spec taken) {
        if (given instanceof Spec.Tensor from && taken instanceof Spec.Tensor to) return takesTensor(from, to);
        return given instanceof Spec.Column from && taken instanceof Spec.Column to && takes(from.type(), to.type());
    }

    private boolean takesTensor(Spec.Tensor given, Spec.Tensor taken) {
        if (given.shape().size() != taken.shape().size()) return false;
        for (int axis = 0; axis < taken.shape().size(); axis++) {
            long due = taken.shape().get(axis);
            if (due != -1 && due != given.shape().get(axis)) return false;
        }
        if (given.dtype().equals(taken.dtype())) return true;
        // Moments of one unit are not those of another, but texts both.
        if (isTyped || taken.dtype().startsWith("datetime64")) return false;
        var from = Literals.of(given.dtype());
        var to = Literals.of(taken.dtype());
        return from != null && to != null && to.take(from);
    }

    boolean takes(Type given, Type taken) {
        if (taken == Type.Opaque.ANY) return true;
        if (given instanceof Type.ListOf from && taken instanceof Type.ListOf to) return takes(from.items(), to.items());
        if (given instanceof Type.MapOf from && taken instanceof Type.MapOf to) return takes(from.values(), to.values());
        if (given instanceof Type.ObjectOf from && taken instanceof Type.ObjectOf to) return takesObject(from, to);
        if (given.equals(taken)) return true;
        if (!(given instanceof Type.Scalar from) || !(taken instanceof Type.Scalar to)) return false;
        return isTyped ? TAKEN.get(to).containsAll(TAKEN.get(from)) : Literals.of(to).take(Literals.of(from));
    }

    private boolean takesObject(Type.ObjectOf given, Type.ObjectOf taken) {
        var after = new HashMap<String, Type.Property>();
        taken.properties().forEach(one -> after.put(one.name(), one));
        for (var one : given.properties()) {
            var other = after.remove(one.name());
            if (other == null && isRead) continue;
            if (other == null || (other.required() && !one.required())) return false;
            if (!takes(one.type(), other.type())) return false;
        }
        return after.values().stream().noneMatch(Type.Property::required);
    }
}
