package org.w3id.mlmodel.signature;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.w3id.mlmodel.document.Delivery;
import org.w3id.mlmodel.document.Document;
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
 * @param delivery what a model gets of its inputs beside their types, which the file keeps apart
 */
public record Signature(List<Spec> inputs, List<Spec> outputs, List<Param> params, Delivery delivery) {
    private static final List<String> PARTS = List.of("inputs", "outputs", "params");

    /** Makes one without a record of delivery. */
    public Signature(List<Spec> inputs, List<Spec> outputs, List<Param> params) {
        this(inputs, outputs, params, Delivery.NONE);
    }

    /** Returns the same with a record of delivery. */
    public Signature with(Delivery delivery) {
        return new Signature(inputs, outputs, params, delivery);
    }

    /** Returns what a model declares; where it has no signature, one of which no part is declared. */
    public static Signature of(Document document) {
        var texts = document.signature();
        var parts = new HashMap<String, String>();
        if (texts == null) return read(parts);
        parts.put("inputs", texts.inputs());
        parts.put("outputs", texts.outputs());
        parts.put("params", texts.params());
        return read(parts).with(Delivery.of(document));
    }

    /**
     * Reads the mapping of a signature, whose parts are lists or their JSON texts (SIG-001, SIG-022).
     *
     * <p>Other keys are passed over, as they are in a file (MLM-011); but one that seems to stand for a part that is
     * not there, and keys of which none is known, are refused.
     */
    public static Signature read(Map<?, ?> parts) {
        requireKnown(parts);
        var params = list(parts.get("params"), "params");
        return new Signature(
            schema(list(parts.get("inputs"), "inputs"), "inputs"),
            schema(list(parts.get("outputs"), "outputs"), "outputs"),
            params == null ? List.of() : params.stream().map(Param::read).toList());
    }

    private static void requireKnown(Map<?, ?> parts) {
        if (parts == null) throw invalid("there is no mapping, but null", "SIG-001");
        boolean isAnyKnown = parts.keySet().stream().anyMatch(PARTS::contains);
        for (var key : parts.keySet()) {
            var name = String.valueOf(key);
            var meant = PARTS.stream().filter(one -> !parts.containsKey(one) && isNear(name, one)).findFirst();
            if (PARTS.contains(name) || (meant.isEmpty() && isAnyKnown)) continue;
            throw invalid("the key '" + name + "' is not known; "
                + meant.map(one -> "is '" + one + "' meant?").orElse("a signature has inputs, outputs and params"), "MLM-011");
        }
    }

    private static boolean isNear(String name, String part) {
        return name.equalsIgnoreCase(part) || (name + "s").equalsIgnoreCase(part);
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
