package org.w3id.mlmodel.signature;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Numeral;

/** One entry of a signature's inputs or outputs: a column, or a tensor. */
public sealed interface Spec {
    /** Returns the name: a text or a number, or null where there is none. */
    Object name();

    /** Returns whether it must be given. */
    boolean required();

    /** A column (SIG-003). */
    record Column(Object name, Type type, boolean required) implements Spec {}

    /** A tensor (SIG-006); -1 is an axis of any length. */
    record Tensor(Object name, String dtype, List<Long> shape) implements Spec {
        @Override
        public boolean required() {
            return true;
        }
    }

    /** Returns what an error calls it: its name, else its position. */
    default Object label(int position) {
        return name() == null ? (Object) position : name();
    }

    /** Reads an entry as the MLmodel file has it; the flat form of tensors too. */
    static Spec read(Object given) {
        if (!(given instanceof Map<?, ?> spec)) throw invalid("an entry is no object (SIG-002)");
        var name = name(spec.get("name"));
        boolean isFlat = !spec.containsKey("type") && spec.containsKey("dtype");
        if (!isFlat && !"tensor".equals(spec.get("type"))) {
            return new Column(name, Type.read(spec), Type.isRequired(spec));
        }
        var parts = isFlat ? spec : spec.get("tensor-spec") instanceof Map<?, ?> inner ? inner : Map.of();
        if (!(parts.get("dtype") instanceof String dtype) || !(parts.get("shape") instanceof List<?> axes)) {
            throw invalid("a tensor has no dtype or no shape (SIG-006)");
        }
        return new Tensor(name, dtype, shape(axes));
    }

    private static Object name(Object given) {
        if (!(given instanceof Numeral number)) return given;
        return number.whole() == null ? number.text() : number.whole();
    }

    /** Reads the lengths of axes. */
    static List<Long> shape(List<?> axes) {
        var lengths = new ArrayList<Long>();
        for (var one : axes) {
            var length = one instanceof Numeral number ? number.whole() : null;
            if (length == null) throw invalid("the length of an axis is no whole number (SIG-006)");
            lengths.add(length);
        }
        return List.copyOf(lengths);
    }

    private static MlmodelException invalid(String why) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, "The signature breaks a rule: " + why + ".");
    }
}
