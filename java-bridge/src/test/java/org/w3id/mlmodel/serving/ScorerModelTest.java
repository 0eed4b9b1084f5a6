package org.w3id.mlmodel.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.w3id.mlmodel.bridge.Kind;
import org.w3id.mlmodel.enforcement.NestedArray;

/** Cells of lists and tensors, whose axes are each looked at (MLP-007). */
class ScorerModelTest {
    private static final List<List<Double>> TWO_BY_THREE = List.of(List.of(1.0, 2.0, 3.0), List.of(4.0, 5.0, 6.0));
    private static final List<List<Double>> THREE_BY_TWO = List.of(List.of(1.0, 2.0), List.of(3.0, 4.0), List.of(5.0, 6.0));
    private static final List<List<Double>> RAGGED = List.of(List.of(1.0, 2.0), List.of(3.0, 4.0, 5.0, 6.0));
    private static final List<Double> FLAT = List.of(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);

    private static Object fitting(Object cell, Kind.Shape shape, Integer... dimensions) {
        return ScorerModel.fitting(new Kind("a", Kind.Basic.DOUBLE, shape, true, List.of(dimensions)), cell);
    }

    private static NestedArray array(Long... shape) {
        return new NestedArray(List.of(shape), FLAT);
    }

    @Test
    void aTensorHasItsShape() {
        assertEquals(array(2L, 3L), fitting(TWO_BY_THREE, Kind.Shape.TENSOR, 2, 3));
        assertEquals(array(2L, 3L), fitting(TWO_BY_THREE, Kind.Shape.TENSOR, -1, 3));
        assertEquals(array(6L), fitting(FLAT, Kind.Shape.TENSOR, 6));
        assertEquals(array(6L), fitting(FLAT, Kind.Shape.TENSOR, -1));
        assertEquals(array(6L), fitting(FLAT, Kind.Shape.TENSOR));
        for (var one : List.of(THREE_BY_TWO, RAGGED, FLAT)) assertNull(fitting(one, Kind.Shape.TENSOR, 2, 3), one.toString());
        assertNull(fitting(RAGGED, Kind.Shape.TENSOR, 2, -1));
        assertNull(fitting(FLAT, Kind.Shape.TENSOR, 5));
    }

    @Test
    void severalAxesMayBeOpen() {
        assertEquals(array(2L, 3L), fitting(TWO_BY_THREE, Kind.Shape.TENSOR, -1, -1));
        assertEquals(array(3L, 2L), fitting(THREE_BY_TWO, Kind.Shape.TENSOR, -1, -1));
        assertEquals(array(1L, 2L, 3L), fitting(List.of(TWO_BY_THREE), Kind.Shape.TENSOR, -1, 2, -1));
        assertEquals(new NestedArray(List.of(0L, 2L, 0L), List.of()), fitting(List.of(), Kind.Shape.TENSOR, -1, 2, -1));
        for (var one : List.of(RAGGED, FLAT, List.of(TWO_BY_THREE))) assertNull(fitting(one, Kind.Shape.TENSOR, -1, -1), one.toString());
    }

    @Test
    void aListHasOneAxis() {
        assertEquals(array(6L), fitting(FLAT, Kind.Shape.LIST));
        assertNull(fitting(TWO_BY_THREE, Kind.Shape.LIST));
    }
}
