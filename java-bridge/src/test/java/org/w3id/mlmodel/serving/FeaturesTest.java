package org.w3id.mlmodel.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.w3id.mlmodel.bridge.Kind;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.signature.Type;

/** Columns of tables as inputs of models. */
class FeaturesTest {
    private static List<Kind> inputs(List<String> names) {
        return names.stream().map(name -> new Kind(name, Kind.Basic.DOUBLE, Kind.Shape.SCALAR, true, List.of())).toList();
    }

    private static Model.Frame frame(List<String> names, boolean isNumbered) {
        var columns = names.stream().map(name -> new Column(name, Type.Scalar.DOUBLE, new double[1], new BitSet())).toList();
        return new Model.Frame(names, columns, isNumbered);
    }

    @Test
    void aTableWithoutNamesIsMatchedByPosition() {
        var numbered = frame(List.of("0", "1"), true);
        var features = new Features(inputs(List.of("a", "b")), numbered, true);
        assertSame(numbered.columns().get(1), features.column(1));
        assertNull(new Features(inputs(List.of("a", "b")), frame(List.of("0", "1"), false), true).column(1));
        assertNull(new Features(inputs(List.of("a", "b")), numbered, false).column(1));
        assertNull(new Features(inputs(List.of("a", "b", "c")), numbered, true).column(1));
        var one = new Features(inputs(List.of("1", "b")), numbered, true);
        assertSame(numbered.columns().get(1), one.column(0));
        assertEquals(List.of("b"), one.missing());
    }

    /** To look through all names for each input takes minutes. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void manyAreFoundInTimeByTheirNumber() {
        var names = IntStream.range(0, 200_000).mapToObj(at -> "feature " + at).toList();
        var frame = frame(names, false);
        var features = new Features(inputs(names), frame, true);
        for (int at = 0; at < names.size(); at++) assertSame(frame.columns().get(at), features.column(at));
        assertEquals(List.of(), features.missing());
    }
}
