package org.w3id.mlmodel.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import ml.combust.mleap.runtime.frame.Row;
import ml.combust.mleap.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.w3id.mlmodel.enforcement.NestedArray;

/** Columns of every type go to bytes and come back. */
class ColumnsTest {
    private static Object[] there(Kind kind, Object... cells) {
        var answer = new Answer(cells.length);
        answer.add(kind, cells.clone());
        var from = answer.written().order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0, from.get());
        assertEquals(cells.length, from.getInt());
        Row[] rows = new Given(from, cells.length).rows(List.of(kind));
        assertEquals(0, from.remaining());
        return Arrays.stream(rows).map(row -> row.getRaw(0)).toArray();
    }

    private static Kind scalar(Kind.Basic basic) {
        return new Kind("a", basic, Kind.Shape.SCALAR, true, List.of());
    }

    @Test
    void scalarsOfEveryType() {
        for (var one : List.of(
            List.of(Kind.Basic.BOOLEAN, true, false), List.of(Kind.Basic.BYTE, (byte) -128, (byte) 127),
            List.of(Kind.Basic.SHORT, Short.MIN_VALUE, Short.MAX_VALUE),
            List.of(Kind.Basic.INT, Integer.MIN_VALUE, Integer.MAX_VALUE),
            List.of(Kind.Basic.LONG, Long.MIN_VALUE, Long.MAX_VALUE),
            List.of(Kind.Basic.FLOAT, Float.MIN_VALUE, Float.NaN),
            List.of(Kind.Basic.DOUBLE, Double.MIN_VALUE, Double.NEGATIVE_INFINITY),
            List.of(Kind.Basic.STRING, "a\0b", "größer 日本"))) {
            var cells = one.subList(1, one.size()).toArray();
            assertEquals(Arrays.asList(cells), Arrays.asList(there(scalar((Kind.Basic) one.get(0)), cells)));
        }
    }

    @Test
    void whatIsMissingStaysMissing() {
        for (var basic : Kind.Basic.values()) {
            assertEquals(Arrays.asList(null, null), Arrays.asList(there(scalar(basic), null, null)));
        }
    }

    @Test
    void anOptionIsItsValue() {
        var cells = new Object[] {scala.Some.apply(3.5), scala.Option.empty()};
        assertEquals(Arrays.asList(3.5, null), Arrays.asList(there(scalar(Kind.Basic.DOUBLE), cells)));
    }

    @Test
    void tensorsAndLists() {
        var from = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
        from.put((byte) 0).putInt(0).putInt(2).putInt(3);
        from.putInt(7).putInt(8).putInt(9).flip();
        for (var shape : List.of(Kind.Shape.LIST, Kind.Shape.TENSOR)) {
            var kind = new Kind("a", Kind.Basic.INT, shape, true, List.of());
            var rows = new Given(from.duplicate().order(ByteOrder.LITTLE_ENDIAN), 2).rows(List.of(kind));
            var cells = Arrays.stream(rows).map(row -> row.getRaw(0)).toArray();
            var back = new Answer(2);
            back.add(kind, cells);
            assertEquals(from, back.written().position(5).slice());
        }
    }

    private static Kind tensor(Integer... lengths) {
        return new Kind("a", Kind.Basic.INT, Kind.Shape.TENSOR, true, List.of(lengths));
    }

    private static Object cell(Kind kind, List<Long> shape, Object... values) {
        return Given.cell(kind, new NestedArray(shape, List.of(values)));
    }

    @Test
    void theLengthOfAnOpenAxisIsWhatTheOthersLeave() {
        for (var kind : List.of(tensor(-1, 3), tensor(2, -1))) {
            var back = (Tensor<?>) there(kind, cell(kind, List.of(2L, 3L), 1, 2, 3, 4, 5, 6))[0];
            assertEquals("2,3", back.dimensions().mkString(","));
        }
        var none = (Tensor<?>) there(tensor(-1, 0), cell(tensor(-1, 0), List.of(5L, 0L)))[0];
        assertEquals("0,0", none.dimensions().mkString(","));
    }

    @Test
    void theLengthsOfSeveralOpenAxesGoWithTheValues() {
        var kind = tensor(-1, 2, -1);
        var back = there(kind, cell(kind, List.of(1L, 2L, 3L), 1, 2, 3, 4, 5, 6), null, cell(kind, List.of(3L, 2L, 1L), 1, 2, 3, 4, 5, 6),
            cell(kind, List.of(0L, 2L, 0L)));
        assertEquals("1,2,3", ((Tensor<?>) back[0]).dimensions().mkString(","));
        assertNull(back[1]);
        assertEquals("3,2,1", ((Tensor<?>) back[2]).dimensions().mkString(","));
        assertEquals(List.of(List.of(List.of(1, 2, 3), List.of(4, 5, 6))), Answer.plain(back[0]));
        assertEquals(List.of(List.of(List.of(1), List.of(2)), List.of(List.of(3), List.of(4)), List.of(List.of(5), List.of(6))), Answer.plain(back[2]));
        assertEquals(List.of(), Answer.plain(back[3]));
        assertEquals(List.of(List.of(), List.of()), Answer.plain(cell(tensor(-1, -1), List.of(2L, 0L))));
    }
}
