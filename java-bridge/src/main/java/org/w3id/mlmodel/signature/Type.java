package org.w3id.mlmodel.signature;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/** What a column, or a value within one, is declared as (SIG-003, SIG-021). */
public sealed interface Type {
    /** A type without parts. */
    enum Scalar implements Type {
        BOOLEAN("bool"), INTEGER("int32"), LONG("int64"), FLOAT("float32"), DOUBLE("float64"),
        STRING("object"), BINARY("binary"), DATETIME("datetime64[ns]");

        private final String dtype;

        Scalar(String dtype) {
            this.dtype = dtype;
        }

        /** Returns the dtype in which a model gets it (ENF-002). */
        public String dtype() {
            return dtype;
        }

        /** Returns whether it is a floating-point number. */
        public boolean isFloating() {
            return this == FLOAT || this == DOUBLE;
        }

        /** Returns whether it is a whole number. */
        public boolean isWhole() {
            return this == INTEGER || this == LONG;
        }
    }

    /** A type whose values are delivered as given (ENF-031). */
    enum Opaque implements Type { ANY, SPARKML_VECTOR }

    /** A list of any length. */
    record ListOf(Type items) implements Type {}

    /** An object with any keys. */
    record MapOf(Type values) implements Type {}

    /** An object with declared properties, in the order of their names. */
    record ObjectOf(List<Property> properties) implements Type {}

    /** One property of an object. */
    record Property(String name, Type type, boolean required) {}

    /** Reads a type as the MLmodel file has it. */
    static Type read(Object given) {
        if (!(given instanceof Map<?, ?> spec)) throw unknown(given);
        var kind = String.valueOf(spec.get("type"));
        return switch (kind) {
            case "any" -> Opaque.ANY;
            case "sparkml_vector" -> Opaque.SPARKML_VECTOR;
            case "array" -> new ListOf(read(spec.get("items")));
            case "map" -> new MapOf(read(spec.get("values")));
            case "object" -> object(spec.get("properties"));
            default -> scalar(kind);
        };
    }

    private static Type scalar(String kind) {
        for (var one : Scalar.values()) {
            if (one.name().toLowerCase(Locale.ROOT).equals(kind)) return one;
        }
        throw unknown(kind);
    }

    private static Type object(Object given) {
        var properties = new ArrayList<Property>();
        if (given instanceof Map<?, ?> named) {
            named.forEach((name, one) -> properties.add(new Property(String.valueOf(name), read(one), isRequired(one))));
        }
        properties.sort(Comparator.comparing(Property::name, Names::compare));
        return new ObjectOf(List.copyOf(properties));
    }

    /** Returns whether a column or property must be there; {@code optional} is what MLflow 2.0 to 2.5 wrote. */
    static boolean isRequired(Object given) {
        if (!(given instanceof Map<?, ?> spec)) return true;
        if (spec.get("required") instanceof Boolean required) return required;
        return !(spec.get("optional") instanceof Boolean optional && optional);
    }

    private static MlmodelException unknown(Object kind) {
        return new MlmodelException(
            ErrorName.INVALID_ARGUMENT, "The type " + kind + " of a signature is not known (SIG-003, SIG-021).");
    }

    /** Returns what the file calls it: of a nested type the outermost. */
    default String kind() {
        if (this instanceof ListOf) return "array";
        if (this instanceof ObjectOf) return "object";
        return this instanceof MapOf ? "map" : toString().toLowerCase(Locale.ROOT);
    }
}
