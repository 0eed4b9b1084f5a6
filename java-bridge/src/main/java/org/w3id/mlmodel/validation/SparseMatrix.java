package org.w3id.mlmodel.validation;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.w3id.mlmodel.enforcement.NestedArray;
import org.w3id.mlmodel.enforcement.Tensors;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Spec;

/**
 * A matrix of compressed rows or columns, whose parts are held against each other (EXA-012).
 *
 * @param shape how many rows and columns it has
 */
record SparseMatrix(List<Long> shape) {
    private static final Set<String> PARTS = Set.of("data", "indices", "indptr", "shape");
    private static final int AXES = 2;

    /**
     * Reads a matrix.
     *
     * @param areRows whether rows are compressed, or columns
     * @param specs what is declared: the first says the dtype
     */
    static SparseMatrix of(Object data, boolean areRows, List<Spec> specs) throws Unread {
        if (!(data instanceof Map<?, ?> parts) || !parts.keySet().equals(PARTS)) {
            throw Unread.form("a sparse matrix is an object with data, indices, indptr and shape");
        }
        var cells = list(parts, "data");
        var indices = list(parts, "indices");
        var ends = list(parts, "indptr");
        var shape = list(parts, "shape");
        if (cells.stream().anyMatch(one -> one instanceof List || one instanceof Map)) throw lists();
        var dtype = !specs.isEmpty() && specs.get(0) instanceof Spec.Tensor tensor ? tensor.dtype() : "float64";
        Tensors.check(List.of(new Spec.Tensor("data", dtype, List.of(-1L))), Map.of("data", cells));
        if (shape.size() != AXES || !areWithin(shape, Long.MAX_VALUE)) throw contradicts("its shape is not two lengths");
        long outer = (Long) shape.get(areRows ? 0 : 1);
        long inner = (Long) shape.get(areRows ? 1 : 0);
        requireEnds(ends, outer, cells.size());
        if (indices.size() != cells.size()) throw contradicts("it has " + indices.size() + " indices for " + cells.size() + " values");
        if (!areWithin(indices, inner)) throw contradicts("an index is not one of 0 to " + (inner - 1));
        return new SparseMatrix(List.of((Long) shape.get(0), (Long) shape.get(1)));
    }

    private static List<?> list(Map<?, ?> parts, String key) throws Unread {
        if (parts.get(key) instanceof List<?> list) return list;
        throw lists();
    }

    private static Unread lists() {
        return Unread.form("the parts of a sparse matrix are lists of numbers");
    }

    private static Unread contradicts(String why) {
        return new Unread("EXA-012", "it is not a sparse matrix: " + why);
    }

    /** Returns whether all are whole numbers from 0 on, and below a bound. */
    private static boolean areWithin(List<?> numbers, long bound) {
        return numbers.stream().allMatch(one -> one instanceof Long number && number >= 0 && number < bound);
    }

    private static void requireEnds(List<?> ends, long outer, int count) throws Unread {
        if (ends.size() != outer + 1) throw contradicts("indptr has " + ends.size() + " places, not " + (outer + 1));
        if (!areWithin(ends, count + 1L) || (Long) ends.get(0) != 0) throw contradicts("indptr leads out of the values, or does not begin at 0");
        for (int at = 1; at < ends.size(); at++) {
            if ((Long) ends.get(at) < (Long) ends.get(at - 1)) throw contradicts("indptr falls");
        }
    }

    /** Goes on where a matrix is the first that is declared, and returns 1: it has rows, whatever is in them. */
    long check(List<Spec> specs) {
        if (specs.isEmpty()) return 1;
        if (!(specs.get(0) instanceof Spec.Tensor tensor)) throw refused("ENF-010", "columns", "a sparse matrix");
        if (tensor.name() != null) throw refused("ENF-072", "tensors by their names", "a sparse matrix");
        if (!NestedArray.isOf(shape, tensor.shape())) throw refused("ENF-071", tensor.shape().toString(), shape.toString());
        return 1;
    }

    private static MlmodelException refused(String rule, String expected, String got) {
        return MlmodelException.input(List.of(new Detail(rule, null, null, expected, got)));
    }
}
