package org.w3id.mlmodel.signature;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Json;
import org.w3id.mlmodel.json.NotJson;

/**
 * What a model takes and gives (spec/signature.md); a part that is not declared is null.
 *
 * @param inputs columns or tensors
 * @param outputs columns or tensors
 * @param params parameters; none are an empty list
 */
public record Signature(List<Spec> inputs, List<Spec> outputs, List<Param> params) {
    /** Reads the mapping of a signature, whose parts are lists or their JSON texts (SIG-001, SIG-022). */
    public static Signature read(Map<?, ?> parts) {
        var params = list(parts.get("params"), "params");
        return new Signature(
            schema(list(parts.get("inputs"), "inputs"), "inputs"),
            schema(list(parts.get("outputs"), "outputs"), "outputs"),
            params == null ? List.of() : params.stream().map(Param::read).toList());
    }

    private static List<?> list(Object given, String part) {
        try {
            var held = given instanceof String text ? Json.read(text) : given;
            if (held == null) return null;
            if (held instanceof List<?> list) return list;
        } catch (NotJson error) {
            throw invalid(part + " is no JSON: " + error.getMessage(), "SIG-001");
        }
        throw invalid(part + " is no list", "SIG-001");
    }

    private static List<Spec> schema(List<?> list, String part) {
        if (list == null) return null;
        if (list.isEmpty()) throw invalid(part + " is empty", "SIG-002");
        var specs = list.stream().map(Spec::read).toList();
        if (specs.stream().map(Object::getClass).distinct().count() > 1) {
            throw invalid(part + " holds columns and tensors", "SIG-002");
        }
        var names = specs.stream().map(Spec::name).filter(Objects::nonNull).toList();
        if (new HashSet<>(names).size() < names.size()) throw invalid("a name stands twice in " + part, "SIG-004");
        boolean areTensors = specs.get(0) instanceof Spec.Tensor;
        if (areTensors && specs.size() > 1 && names.size() < specs.size()) {
            throw invalid("a tensor of " + part + " has no name", "SIG-005");
        }
        return specs;
    }

    /** Returns whether all of these have names, so that they are matched by them (ENF-001). */
    public static boolean haveNames(List<Spec> specs) {
        return specs.stream().allMatch(one -> one.name() != null);
    }

    private static MlmodelException invalid(String why, String rule) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, "The signature breaks a rule: " + why + " (" + rule + ").");
    }
}
