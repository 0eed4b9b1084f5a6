package org.w3id.mlmodel.json;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/**
 * Values of a program in Java as the plain values that {@link Json} gives: numbers as {@link Numeral}, texts, lists,
 * maps with texts as keys. NaN and the infinities stay doubles; a {@link BigDecimal} and bytes stay what they are.
 */
public final class JavaValues {
    /** As deep as JSON may be; a list that holds itself is deeper. */
    private static final int DEEPEST = 1024;

    private JavaValues() {}

    /** Returns plain values; what is of a class that is not taken is refused by its name, and never left out. */
    public static Object plain(Object given) {
        return plain(given, null, 0);
    }

    /** Where a value stands, from within: its text is made where it is told, since keys may be long and values many. */
    private record Place(Place above, Object part) {
        @Override
        public String toString() {
            var parts = new ArrayDeque<Object>();
            for (var one = this; one != null; one = one.above) parts.push(one.part);
            return parts.stream().map(one -> "/" + one).collect(Collectors.joining());
        }
    }

    private static Object plain(Object given, Place at, int depth) {
        if (given == null || isPlain(given)) return given;
        if (given instanceof Number number) return number(number, at);
        if (given instanceof CharSequence || given instanceof Character) return given.toString();
        if (depth == DEEPEST) throw refused("The data are nested deeper than " + DEEPEST + " levels.");
        if (given instanceof List<?> list) return items(list, at, depth);
        if (given instanceof Map<?, ?> map) return members(map, at, depth);
        if (given.getClass().isArray() && !(given instanceof char[])) return elements(given, at, depth);
        throw unknown(given, at);
    }

    private static boolean isPlain(Object given) {
        return given instanceof Numeral || given instanceof String || given instanceof Boolean
            || given instanceof BigDecimal || given instanceof byte[];
    }

    private static Object number(Number given, Place at) {
        if (given instanceof Double number) return floating(number);
        // What a float is exactly: as a double it is the same number, in a float column the same float.
        if (given instanceof Float number) return floating((double) number);
        boolean isWhole = given instanceof Long || given instanceof Integer || given instanceof Short || given instanceof Byte
            || given instanceof BigInteger || given instanceof AtomicInteger || given instanceof AtomicLong;
        if (!isWhole) throw unknown(given, at);
        return new Numeral(given.toString());
    }

    private static Object floating(double given) {
        if (!Double.isFinite(given)) return given;
        var text = Double.toString(given);
        // Half-way between two floats the shortest decimal may be read as the other one.
        boolean isSame = Float.floatToIntBits(Float.parseFloat(text)) == Float.floatToIntBits((float) given);
        return new Numeral(isSame ? text : literal(new BigDecimal(given)));
    }

    /** Returns a decimal as a literal with a fraction or an exponent, which no integer is. */
    public static String literal(BigDecimal decimal) {
        var text = decimal.toString();
        return text.indexOf('.') < 0 && text.indexOf('E') < 0 ? text + ".0" : text;
    }

    private static List<Object> items(List<?> list, Place at, int depth) {
        var items = new ArrayList<Object>(list.size());
        for (var one : list) items.add(plain(one, new Place(at, items.size()), depth + 1));
        return items;
    }

    private static List<Object> elements(Object array, Place at, int depth) {
        int length = Array.getLength(array);
        var items = new ArrayList<Object>(length);
        for (int row = 0; row < length; row++) items.add(plain(Array.get(array, row), new Place(at, row), depth + 1));
        return items;
    }

    private static Map<String, Object> members(Map<?, ?> map, Place at, int depth) {
        var members = new LinkedHashMap<String, Object>();
        for (var one : map.entrySet()) {
            var name = name(one.getKey(), at);
            if (members.containsKey(name)) throw refused("Two keys" + place(at) + " are both written " + name + ".");
            members.put(name, plain(one.getValue(), new Place(at, name), depth + 1));
        }
        return members;
    }

    private static String name(Object key, Place at) {
        if (key instanceof CharSequence) return key.toString();
        if (key instanceof Long || key instanceof Integer) return key.toString();
        throw refused("A key" + place(at) + " is " + (key == null ? "null" : "of the class " + key.getClass().getName())
            + "; names are texts, Integer or Long.");
    }

    private static String place(Place at) {
        return at == null ? "" : " at " + at;
    }

    private static MlmodelException unknown(Object given, Place at) {
        return refused("The value" + place(at) + " is of the class " + given.getClass().getTypeName() + ", which is not taken. Give null, "
            + "a Boolean, a number (Byte, Short, Integer, Long, BigInteger, Float, Double, BigDecimal), a text (a moment as one of "
            + "ISO 8601), byte[], or a List, an array or a Map of these.");
    }

    private static MlmodelException refused(String why) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, why);
    }
}
