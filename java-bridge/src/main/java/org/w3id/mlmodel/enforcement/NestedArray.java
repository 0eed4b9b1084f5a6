package org.w3id.mlmodel.enforcement;

import java.util.ArrayList;
import java.util.List;

/**
 * Lists within lists, of which those on one axis have one length (ENF-076).
 *
 * @param shape the lengths of the axes; none of a value that is no list
 * @param cells the values, the last axis first
 */
public record NestedArray(List<Long> shape, List<?> cells) {
    /** More axes are not read. */
    private static final int MOST_AXES = 31;

    /** Returns the array that a value is; null where its lists differ in length, or are too many within each other. */
    public static NestedArray of(Object value) {
        if (!(value instanceof List<?> list)) {
            var cells = new ArrayList<Object>();
            cells.add(value);
            return new NestedArray(List.of(), cells);
        }
        var shape = new ArrayList<Long>(List.of((long) list.size()));
        List<?> level = list;
        while (level.stream().anyMatch(List.class::isInstance)) {
            int length = level.get(0) instanceof List<?> first ? first.size() : -1;
            boolean isSame = level.stream().allMatch(one -> one instanceof List<?> inner && inner.size() == length);
            if (!isSame || shape.size() == MOST_AXES) return null;
            shape.add((long) length);
            var next = new ArrayList<Object>();
            for (var one : level) next.addAll((List<?>) one);
            level = next;
        }
        return new NestedArray(List.copyOf(shape), level);
    }

    /** Returns whether a shape is the declared one, of which -1 is any length (ENF-071). */
    public static boolean isOf(List<Long> shape, List<Long> declared) {
        if (shape.size() != declared.size()) return false;
        for (int at = 0; at < shape.size(); at++) {
            if (declared.get(at) != -1 && !declared.get(at).equals(shape.get(at))) return false;
        }
        return true;
    }

    /** Returns the array with the axes that lists without a cell do not show, as long as declared (ENF-109). */
    public NestedArray shown(List<Long> declared) {
        if (!cells.isEmpty() || declared.size() <= shape.size()) return this;
        var whole = new ArrayList<>(shape);
        for (var length : declared.subList(shape.size(), declared.size())) whole.add(Math.max(length, 0));
        return new NestedArray(List.copyOf(whole), cells);
    }
}
