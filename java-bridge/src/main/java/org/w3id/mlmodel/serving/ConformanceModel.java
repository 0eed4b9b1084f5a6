package org.w3id.mlmodel.serving;

import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;

/** The three models by which a server is asked the vectors of scoring (conformance/README.md). */
record ConformanceModel(String name, Signature signature) implements Model {
    static final List<String> NAMES = List.of("echo", "params", "first-column");

    ConformanceModel {
        if (!NAMES.contains(name)) {
            throw new MlmodelException(ErrorName.UNSUPPORTED_MODEL, "The flavor conformance has no model " + name + ".");
        }
    }

    @Override
    public Object predict(Frame columns, Object value, Map<String, Object> params) {
        return switch (name) {
            case "params" -> params;
            case "echo" -> columns == null ? value : columns;
            default -> columns == null ? first(value) : columns.columns().get(0);
        };
    }

    private static Object first(Object value) {
        var held = value instanceof Map<?, ?> map && !map.isEmpty() ? map.values().iterator().next() : value;
        boolean areRows = held instanceof List<?> rows && !rows.isEmpty() && rows.stream().allMatch(List.class::isInstance);
        return areRows ? ((List<?>) held).stream().map(row -> ((List<?>) row).get(0)).toList() : held;
    }
}
