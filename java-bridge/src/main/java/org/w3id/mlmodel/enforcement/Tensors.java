package org.w3id.mlmodel.enforcement;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.json.JavaValues;
import org.w3id.mlmodel.json.JsonText;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;

/**
 * Nested arrays held against the tensors of a signature (ENF-071 to ENF-076, ENF-107, ENF-109).
 *
 * <p>Each method goes on where they fit, and returns how many cells the smallest of them has; what is wrong is thrown
 * together, as {@code INVALID_INPUT}.
 */
public final class Tensors {
    private final List<Spec> specs;
    private final List<Detail> details = new ArrayList<>();
    private long smallest = Long.MAX_VALUE;

    private Tensors(List<Spec> specs) {
        this.specs = specs;
    }

    /**
     * Holds one array, or a mapping of names to arrays, against what is declared.
     *
     * @param specs the tensors of a signature; none where nothing is declared
     */
    public static long check(List<Spec> specs, Object data) {
        var tensors = new Tensors(specs);
        var plain = JavaValues.plain(data);
        if (plain instanceof Map<?, ?> mapping) tensors.mapping(mapping);
        else tensors.one(plain);
        return tensors.done();
    }

    /**
     * Holds a table against what is declared: of tensors with names each gets a column, one without gets all rows.
     *
     * @param names the names of the columns; null if they have none
     */
    public static long checkTable(List<Spec> specs, List<?> names, int width, List<? extends List<?>> rows) {
        var tensors = new Tensors(specs);
        if (Signature.haveNames(specs)) {
            tensors.named(names, width, at -> rows.stream().map(row -> JavaValues.plain(row.get(at))).toList());
        } else {
            var array = rows.isEmpty() ? new NestedArray(List.of(0L, (long) width), List.of()) : NestedArray.of(JavaValues.plain(rows));
            tensors.array(array, specs.get(0), specs.get(0).label(0));
        }
        return tensors.done();
    }

    private long done() {
        if (details.isEmpty()) return smallest == Long.MAX_VALUE ? 1 : smallest;
        throw Matching.refused(specs, details);
    }

    private void mapping(Map<?, ?> given) {
        if (specs.isEmpty()) {
            given.forEach((name, value) -> array(NestedArray.of(value), null, name));
        } else if (!Signature.haveNames(specs)) {
            details.add(new Detail("ENF-073", null, null, dtype(specs.get(0)), "an object"));
        } else {
            var names = List.copyOf(given.keySet());
            named(names, names.size(), at -> given.get(names.get(at)));
        }
    }

    private void named(List<?> names, int width, IntFunction<Object> value) {
        var positions = Matching.of(specs, names, width, details);
        for (int at = 0; at < positions.length; at++) {
            if (positions[at] != null) array(NestedArray.of(value.apply(positions[at])), specs.get(at), specs.get(at).label(at));
        }
    }

    /** Looks at an array without a name, which is that of the only tensor; an empty list is of all. */
    private void one(Object value) {
        boolean isEmpty = value instanceof List<?> list && list.isEmpty();
        if (isEmpty && !specs.isEmpty()) {
            for (int at = 0; at < specs.size(); at++) array(NestedArray.of(value), specs.get(at), specs.get(at).label(at));
        } else if (specs.size() > 1) {
            details.add(new Detail("ENF-072", null, null, "an object of tensors by name", "an array"));
        } else {
            var spec = specs.isEmpty() ? null : specs.get(0);
            array(NestedArray.of(value), spec, spec == null ? 0 : spec.label(0));
        }
    }

    private static String dtype(Spec spec) {
        return ((Spec.Tensor) spec).dtype();
    }

    private void array(NestedArray given, Spec spec, Object label) {
        if (given == null) {
            details.add(new Detail("ENF-076", label, null, "lists of one length", "lists of several"));
            return;
        }
        smallest = Math.min(smallest, given.cells().size());
        if (!(spec instanceof Spec.Tensor tensor)) return;
        var shape = given.shown(tensor.shape()).shape();
        if (!NestedArray.isOf(shape, tensor.shape())) {
            details.add(new Detail("ENF-071", label, null, JsonText.of(tensor.shape()), JsonText.of(shape)));
        }
        cells(given, tensor.dtype(), label);
    }

    /** Looks at all cells; of each rule the first that breaks it is told. */
    private void cells(NestedArray given, String dtype, Object label) {
        var reader = TensorCells.of(dtype);
        if (reader == null) {
            details.add(new Detail("ENF-075", label, null, dtype, "JSON, which has no form for it"));
            return;
        }
        var told = new HashSet<String>();
        long perRow = given.shape().isEmpty() || given.cells().isEmpty() ? 1 : given.cells().size() / given.shape().get(0);
        for (int at = 0; at < given.cells().size(); at++) {
            try {
                reader.require(given.cells().get(at));
            } catch (Fault fault) {
                var one = fault.all().get(0);
                if (told.add(one.rule())) details.add(new Detail(one.rule(), label, (int) (at / perRow), dtype, Shown.of(one.value())));
            }
        }
    }
}
