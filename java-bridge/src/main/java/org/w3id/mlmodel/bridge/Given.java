package org.w3id.mlmodel.bridge;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import ml.combust.mleap.runtime.frame.ArrayRow;
import ml.combust.mleap.runtime.frame.Row;
import ml.combust.mleap.tensor.ByteString;
import ml.combust.mleap.tensor.DenseTensor;
import org.w3id.mlmodel.enforcement.NestedArray;
import scala.collection.mutable.WrappedArray;
import scala.reflect.ClassTag;

/**
 * Columns as bytes, read as rows of MLeap.
 *
 * <p>Each column is a byte that says whether some cells are missing, then a byte for each row if so
 * (1: it is), then its cells, little-endian. Cells of one size stand side by side. Texts and bytes
 * are where each begins and the last ends (32-bit numbers), and their bytes; lists and tensors are
 * the same of their values, before which those of tensors with several open axes have the lengths of
 * all axes, row by row (32-bit numbers).
 */
final class Given {
    private final ByteBuffer from;
    private final int rows;

    Given(ByteBuffer from, int rows) {
        this.from = from;
        this.rows = rows;
    }

    /** Returns the rows of all columns. */
    Row[] rows(List<Kind> kinds) {
        var cells = new Object[kinds.size()][];
        for (int at = 0; at < cells.length; at++) cells[at] = column(kinds.get(at));
        return rows(cells, rows);
    }

    /** Returns rows of columns of MLeap's own cells. */
    static Row[] rows(Object[][] columns, int rows) {
        var read = new Row[rows];
        for (int row = 0; row < rows; row++) {
            var own = new Object[columns.length];
            for (int at = 0; at < own.length; at++) own[at] = columns[at][row];
            read[row] = new ArrayRow(WrappedArray.<Object>make(own));
        }
        return read;
    }

    /** Returns MLeap's own cell for one of Java: an array becomes a list or a tensor. */
    static Object cell(Kind kind, Object cell) {
        if (cell instanceof byte[] bytes) return new ByteString(bytes);
        if (!(cell instanceof NestedArray array)) return cell;
        var values = array.cells().toArray();
        if (kind.shape() == Kind.Shape.LIST) return WrappedArray.<Object>make(values);
        return tensor(kind, values, 0, values.length, array.shape().stream().map(Long::intValue).toArray());
    }

    /** Returns the cells of the next column. */
    Object[] column(Kind kind) {
        byte[] missing = null;
        if (from.get() != 0) {
            missing = new byte[rows];
            from.get(missing);
        }
        var cells = switch (kind.shape()) {
            case SCALAR -> boxed(kind.basic(), rows);
            case LIST -> lists(kind);
            case TENSOR -> tensors(kind);
        };
        for (int row = 0; missing != null && row < rows; row++) {
            if (missing[row] != 0) cells[row] = null;
        }
        return cells;
    }

    private Object[] boxed(Kind.Basic basic, int count) {
        var cells = new Object[count];
        if (basic.size == 0) {
            int[] ends = ends(count);
            int base = from.position();
            for (int at = 0; at < count; at++) {
                var bytes = new byte[ends[at + 1] - ends[at]];
                from.get(base + ends[at], bytes);
                cells[at] = basic == Kind.Basic.STRING ? new String(bytes, StandardCharsets.UTF_8) : new ByteString(bytes);
            }
            from.position(base + ends[count]);
            return cells;
        }
        for (int at = 0; at < count; at++) {
            cells[at] = switch (basic) {
                case BOOLEAN -> from.get() != 0;
                case BYTE -> from.get();
                case SHORT -> from.getShort();
                case INT -> from.getInt();
                case LONG -> from.getLong();
                case FLOAT -> from.getFloat();
                default -> from.getDouble();
            };
        }
        return cells;
    }

    private int[] ends(int count) {
        var ends = new int[count + 1];
        for (int at = 0; at <= count; at++) ends[at] = from.getInt();
        return ends;
    }

    private Object[] lists(Kind kind) {
        int[] ends = ends(rows);
        var values = boxed(kind.basic(), ends[rows]);
        var cells = new Object[rows];
        for (int row = 0; row < rows; row++) {
            cells[row] = WrappedArray.<Object>make(Arrays.copyOfRange(values, ends[row], ends[row + 1]));
        }
        return cells;
    }

    private Object[] tensors(Kind kind) {
        int[] ends = ends(rows);
        var lengths = new Object[rows][];
        for (int row = 0; row < rows; row++) lengths[row] = lengths(kind, ends[row + 1] - ends[row]);
        var values = boxed(kind.basic(), ends[rows]);
        var cells = new Object[rows];
        for (int row = 0; row < rows; row++) cells[row] = tensor(kind, values, ends[row], ends[row + 1], lengths[row]);
        return cells;
    }

    /** Returns the lengths of the axes of so many values; of one that is open (-1), what the others leave. */
    private Object[] lengths(Kind kind, int count) {
        var dimensions = kind.dimensions();
        if (dimensions.size() < 2) return new Object[] {count};
        if (kind.hasOpenAxes()) return dimensions.stream().map(one -> from.getInt()).toArray();
        int others = 1;
        for (int one : dimensions) if (one >= 0) others *= one;
        int left = others == 0 ? 0 : count / others;
        return dimensions.stream().map(one -> one < 0 ? left : one).toArray();
    }

    private static Object tensor(Kind kind, Object[] values, int from, int to, Object[] lengths) {
        var array = java.lang.reflect.Array.newInstance(primitive(kind.basic()), to - from);
        for (int at = from; at < to; at++) java.lang.reflect.Array.set(array, at - from, values[at]);
        return tensor(array, lengths, kind.basic());
    }

    private static Object tensor(Object array, Object[] dimensions, Kind.Basic basic) {
        ClassTag<Object> tag = scala.reflect.ClassTag$.MODULE$.apply(primitive(basic));
        return new DenseTensor<Object>(array, WrappedArray.<Object>make(dimensions), tag);
    }

    private static Class<?> primitive(Kind.Basic basic) {
        return switch (basic) {
            case BOOLEAN -> boolean.class;
            case BYTE -> byte.class;
            case SHORT -> short.class;
            case INT -> int.class;
            case LONG -> long.class;
            case FLOAT -> float.class;
            case DOUBLE -> double.class;
            case STRING -> String.class;
            case BYTES -> ByteString.class;
        };
    }
}
