package org.w3id.mlmodel.enforcement;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type;

/**
 * What plain data stand for (ENF-010, ENF-015). A list may be a value of a nested type, and so may an object: what
 * stands for rows and columns is then told by what is declared.
 */
public sealed interface Meaning {
    /** Rows whose cells have names: a list of mappings. */
    record Records(List<?> rows) implements Meaning {}

    /** Rows whose cells have positions: a list of lists, or an empty one. */
    record Rows(List<?> rows) implements Meaning {}

    /** One row: a mapping of names to cells. */
    record OneRow(Map<?, ?> cells) implements Meaning {}

    /**
     * Columns, of any lengths: a mapping of names to lists of cells, or an empty one.
     *
     * @param all what is given; under names that are not declared it may be anything
     * @param declared what of it is declared, or if nothing is, the first; all of it where no names are
     */
    record ByColumn(Map<?, ?> all, Map<String, Object> declared) implements Meaning {}

    /** The cells of one column: what is declared for it, or neither lists nor mappings. */
    record Values(List<?> cells) implements Meaning {}

    /** Several kinds: a list of records, rows and values, or a mapping of columns and single values. */
    record Mixed(Object data) implements Meaning {}

    /**
     * Returns what a mapping, a list or a single value stands for.
     *
     * @param specs the columns that are declared; none where nothing is
     */
    static Meaning of(List<Spec> specs, Object data) {
        var kind = onlyNested(specs);
        if (data instanceof Map<?, ?> mapping) {
            boolean isValue = kind instanceof Type.ObjectOf || kind instanceof Type.MapOf;
            return isValue ? new Values(List.of(data)) : ofMapping(specs, mapping);
        }
        if (!(data instanceof List<?> list)) return new Values(Collections.singletonList(data));
        return kind != null && areValues(list, kind) ? new Values(list) : ofList(list);
    }

    /** Returns the nested type of the one column that is declared, if its values may stand alone. */
    private static Type onlyNested(List<Spec> specs) {
        if (specs.size() != 1) return null;
        var type = Matching.typeOf(specs.get(0));
        if (type instanceof Type.Scalar) return null;
        return specs.get(0).name() == null || type instanceof Type.ListOf ? type : null;
    }

    private static boolean areValues(List<?> data, Type kind) {
        int depth = depth(kind);
        if (depth == 0) return data.stream().noneMatch(List.class::isInstance);
        if (leaf(kind) instanceof Type.Opaque) {
            var held = data.stream().filter(one -> one != null).toList();
            return !held.isEmpty() && held.stream().allMatch(one -> depthOf(one) >= depth);
        }
        return depthOf(data) == depth + 1;
    }

    private static Type leaf(Type type) {
        return type instanceof Type.ListOf list ? leaf(list.items()) : type;
    }

    private static int depth(Type type) {
        return type instanceof Type.ListOf list ? 1 + depth(list.items()) : 0;
    }

    /** Returns how many lists are within each other. */
    private static int depthOf(Object value) {
        if (!(value instanceof List<?> list)) return 0;
        int deepest = 0;
        for (var one : list) deepest = Math.max(deepest, depthOf(one));
        return 1 + deepest;
    }

    private static Meaning ofList(List<?> list) {
        if (list.stream().allMatch(List.class::isInstance)) return new Rows(list);
        if (list.stream().allMatch(Map.class::isInstance)) return new Records(list);
        boolean areMixed = list.stream().anyMatch(one -> one instanceof List || one instanceof Map);
        return areMixed ? new Mixed(list) : new Values(list);
    }

    private static Meaning ofMapping(List<Spec> specs, Map<?, ?> mapping) {
        var part = declared(specs, mapping);
        var nested = new HashMap<String, Type>();
        var scalars = new HashSet<String>();
        for (var spec : specs) {
            var type = Matching.typeOf(spec);
            if (type instanceof Type.Scalar) scalars.add(String.valueOf(spec.name()));
            else nested.put(String.valueOf(spec.name()), type);
        }
        var columns = part.keySet().stream()
            .filter(name -> part.get(name) instanceof List && !isCell(part.get(name), nested.get(name))).toList();
        if (columns.size() == part.size() && !areCellsOfAny(part, nested)) return new ByColumn(mapping, part);
        // What is a list where a scalar is declared is a column, and others are none.
        return columns.stream().anyMatch(scalars::contains) ? new Mixed(mapping) : new OneRow(mapping);
    }

    /** Returns what of a mapping is declared by name; nothing of the rest is looked at (ENF-005). */
    private static Map<String, Object> declared(List<Spec> specs, Map<?, ?> mapping) {
        var whole = new LinkedHashMap<String, Object>();
        mapping.forEach((name, value) -> whole.put(String.valueOf(name), value));
        if (specs.isEmpty() || !Signature.haveNames(specs) || whole.isEmpty()) return whole;
        var part = new LinkedHashMap<>(whole);
        part.keySet().retainAll(specs.stream().map(one -> String.valueOf(one.name())).collect(Collectors.toSet()));
        if (!part.isEmpty()) return part;
        var first = whole.entrySet().iterator().next();
        part.put(first.getKey(), first.getValue());
        return part;
    }

    private static boolean isCell(Object value, Type type) {
        if (type == null || depth(type) == 0 || leaf(type) instanceof Type.Opaque) return false;
        return depthOf(value) == depth(type);
    }

    /** Returns whether lists of different lengths are cells, since {@code any} is declared of one. */
    private static boolean areCellsOfAny(Map<String, Object> part, Map<String, Type> nested) {
        if (part.values().stream().map(one -> ((List<?>) one).size()).distinct().count() <= 1) return false;
        if (!nested.keySet().containsAll(part.keySet())) return false;
        return part.keySet().stream().anyMatch(name -> leaf(nested.get(name)) instanceof Type.Opaque);
    }
}
