package org.w3id.mlmodel.enforcement;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.JavaValues;
import org.w3id.mlmodel.signature.Param;
import org.w3id.mlmodel.signature.Type;

/** Parameters of a prediction, held against their declaration (ENF-080 to ENF-086). */
public final class Params {
    private final List<Param> declared;
    private final List<Detail> details;

    private Params(List<Param> declared, List<Detail> details) {
        this.declared = declared;
        this.details = details;
    }

    /**
     * Returns the parameters as a model gets them, defaults filled in; null where none are declared.
     *
     * @param details where what is wrong goes
     */
    public static Map<String, Object> read(List<Param> declared, Map<?, ?> given, List<Detail> details) {
        return declared.isEmpty() ? null : new Params(declared, details).read(given == null ? Map.of() : (Map<?, ?>) JavaValues.plain(given));
    }

    /** Returns the names of those that are given and not declared (ENF-080). */
    public static List<String> leftOut(List<Param> declared, Map<?, ?> given) {
        if (given == null) return List.of();
        var names = new ArrayList<String>();
        for (var name : given.keySet()) names.add(String.valueOf(name));
        declared.forEach(one -> names.remove(one.name()));
        return names;
    }

    private Map<String, Object> read(Map<?, ?> given) {
        var read = new LinkedHashMap<String, Object>();
        for (var param : declared) {
            var value = given.get(param.name());
            if (!given.containsKey(param.name()) || (value == null && param.fallback() == null)) {
                read.put(param.name(), fallback(param));
            } else if (value == null && !(param.type() instanceof Type.Opaque)) {
                var kind = param.type().kind();
                details.add(new Detail("ENF-086", param.name(), null, kind, "null"));
            } else {
                read.put(param.name(), read(param, value, details));
            }
        }
        return read;
    }

    private static Object fallback(Param param) {
        if (param.fallback() == null) return null;
        var wrong = new ArrayList<Detail>();
        var read = read(param, param.fallback(), wrong);
        if (wrong.isEmpty()) return read;
        throw new MlmodelException(ErrorName.INVALID_MODEL,
            "The default of the parameter " + param.name() + " is not of its type (SIG-009).");
    }

    /** Reads a value; of a list the first that is wrong is told. */
    private static Object read(Param param, Object value, List<Detail> wrong) {
        if (param.type() instanceof Type.Opaque) return value;
        boolean isList = param.shape() != null;
        if (value instanceof List != isList && !(param.type() instanceof Type.ListOf)) {
            wrong.add(new Detail("ENF-083", param.name(), null, isList ? "a list" : "a single value", Shown.of(value)));
            return null;
        }
        if (!isList || !(value instanceof List<?> list)) return one(param, value, null, wrong);
        long length = param.shape().isEmpty() ? -1 : param.shape().get(0);
        if (length >= 0 && length != list.size()) {
            wrong.add(new Detail("ENF-083", param.name(), null, "a list of " + length, list.size() + " values"));
        }
        var read = new ArrayList<Object>();
        int before = wrong.size();
        for (int at = 0; at < list.size() && wrong.size() == before; at++) read.add(one(param, list.get(at), at, wrong));
        return read;
    }

    private static Object one(Param param, Object value, Integer at, List<Detail> wrong) {
        try {
            // Of a parameter NaN never means that it is missing (ENF-066).
            requireNoToken(param.type(), value);
            return Values.read(param.type(), value, true);
        } catch (Fault fault) {
            var first = fault.all().get(0);
            wrong.add(new Detail("ENF-082", param.name(), at, first.type().kind(), Shown.of(first.value())));
            return null;
        }
    }

    private static void requireNoToken(Type type, Object value) throws Fault {
        if (value instanceof Double && type instanceof Type.Scalar scalar && !scalar.isFloating()) {
            throw new Fault("ENF-066", type, value);
        }
        if (type instanceof Type.ListOf list && value instanceof List<?> items) {
            for (var one : items) requireNoToken(list.items(), one);
        } else if (type instanceof Type.MapOf map && value instanceof Map<?, ?> members) {
            for (var one : members.values()) requireNoToken(map.values(), one);
        } else if (type instanceof Type.ObjectOf object && value instanceof Map<?, ?> members) {
            for (var one : object.properties()) requireNoToken(one.type(), members.get(one.name()));
        }
    }
}
