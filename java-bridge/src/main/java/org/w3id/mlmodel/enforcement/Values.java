package org.w3id.mlmodel.enforcement;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.signature.Type;
import org.w3id.mlmodel.signature.Type.Scalar;

/** One value read at any type, as an object of Java: what stands within nested values, and parameters. */
final class Values {
    /** A rule, and the place within the value: of each one fault is kept (ENF-003), since a value may have millions. */
    private record Place(String rule, List<String> at) {}

    private final Map<Place, Fault.One> found = new LinkedHashMap<>();

    private Values() {}

    /** Reads a value; what is missing is null, and of a floating-point type NaN. */
    static Object read(Type type, Object value, boolean required) throws Fault {
        if (type instanceof Type.Opaque) return value;
        return type instanceof Scalar scalar ? scalar(scalar, value, required) : nested(type, value, required);
    }

    private static Object scalar(Scalar type, Object value, boolean required) throws Fault {
        if (Scalars.isMissing(type, value, required)) return missing(type);
        return switch (type) {
            case BOOLEAN -> Scalars.truth(value);
            case INTEGER, LONG -> (Object) Scalars.whole(type, value, required);
            case FLOAT, DOUBLE -> (Object) Scalars.floating(type, value);
            case STRING -> Scalars.text(value);
            case BINARY -> Scalars.bytes(value);
            case DATETIME -> new Moment(Scalars.moment(value));
        };
    }

    private static Object missing(Scalar type) {
        return type.isFloating() ? Double.NaN : null;
    }

    /** Reads a list or an object at every depth (ENF-032 to ENF-037). */
    private static Object nested(Type type, Object value, boolean required) throws Fault {
        boolean isNaN = value instanceof Double token && token.isNaN();
        if (value instanceof Double && !isNaN) throw new Fault("ENF-066", type, value);
        if (value == null || isNaN) {
            if (required) throw new Fault("ENF-037", type, value);
            return null;
        }
        var reader = new Values();
        var read = type instanceof Type.ListOf list ? reader.list(list, value)
            : type instanceof Type.MapOf map ? reader.map(map, value) : reader.object((Type.ObjectOf) type, value);
        if (!reader.found.isEmpty()) throw new Fault(List.copyOf(reader.found.values()));
        return read;
    }

    private Object list(Type.ListOf type, Object value) throws Fault {
        if (!(value instanceof List<?> list)) throw new Fault("ENF-033", type, value);
        var items = new ArrayList<Object>(list.size());
        for (var one : list) items.add(within("", type.items(), one, true));
        return items;
    }

    private Object map(Type.MapOf type, Object value) throws Fault {
        if (!(value instanceof Map<?, ?> map)) throw new Fault("ENF-036", type, value);
        var read = new LinkedHashMap<Object, Object>();
        map.forEach((key, one) -> read.put(key, within("", type.values(), one, true)));
        return read;
    }

    /** Reads the properties in the order of their names (ENF-003); the answer has that of the value. */
    private Object object(Type.ObjectOf type, Object value) throws Fault {
        if (!(value instanceof Map<?, ?> map)) throw new Fault("ENF-034", type, value);
        var strange = new LinkedHashSet<Object>(map.keySet());
        type.properties().forEach(one -> strange.remove(one.name()));
        for (var name : strange) note(new Fault.One("ENF-035", List.of(), type, name));
        var read = new LinkedHashMap<Object, Object>();
        map.keySet().forEach(name -> read.put(name, null));
        for (var one : type.properties()) {
            if (map.containsKey(one.name())) {
                read.put(one.name(), within(one.name(), one.type(), map.get(one.name()), one.required()));
            } else if (one.required()) {
                note(new Fault.One("ENF-034", List.of(one.name()), type, value));
            }
        }
        return read;
    }

    private void note(Fault.One fault) {
        found.putIfAbsent(new Place(fault.rule(), fault.at()), fault);
    }

    /** Reads a value within; what is wrong with it is kept, so that its neighbours are read too. */
    private Object within(String name, Type type, Object value, boolean required) {
        try {
            return read(type, value, required);
        } catch (Fault fault) {
            fault.below(name).forEach(this::note);
            return null;
        }
    }
}
