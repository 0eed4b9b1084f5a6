package org.w3id.mlmodel.signature;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/**
 * A parameter of prediction (SIG-008).
 *
 * @param name its name
 * @param type its type
 * @param shape null for one value, else the length of a list, -1 for any
 * @param fallback its default, which may be null
 */
public record Param(String name, Type type, List<Long> shape, Object fallback) {
    /** Reads a parameter as the MLmodel file has it. */
    static Param read(Object given) {
        if (!(given instanceof Map<?, ?> spec) || !(spec.get("name") instanceof String name)) {
            throw new MlmodelException(ErrorName.INVALID_ARGUMENT, "A parameter has no name (SIG-008).");
        }
        var typed = new HashMap<Object, Object>(spec);
        typed.putIfAbsent("type", spec.get("dtype"));
        var shape = spec.get("shape") instanceof List<?> axes ? Spec.shape(axes) : null;
        return new Param(name, Type.read(typed), shape, spec.get("default"));
    }
}
