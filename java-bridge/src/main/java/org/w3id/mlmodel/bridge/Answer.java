package org.w3id.mlmodel.bridge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import ml.combust.mleap.tensor.ByteString;
import ml.combust.mleap.tensor.Tensor;
import scala.Option;
import scala.collection.Seq;

/** Columns of MLeap as bytes, in the form that {@link Given} reads. */
public final class Answer {
    private ByteBuffer to = ByteBuffer.allocate(1 << 12).order(ByteOrder.LITTLE_ENDIAN);

    Answer(int rows) {
        to.put((byte) 0);
        to.putInt(rows);
    }

    byte[] bytes() {
        return java.util.Arrays.copyOf(to.array(), to.position());
    }

    ByteBuffer written() {
        return to.duplicate().flip();
    }

    /** Adds a column; the cells are those of rows, and are looked at here. */
    void add(Kind kind, Object[] cells) {
        boolean some = false;
        for (int at = 0; at < cells.length; at++) {
            if (cells[at] instanceof Option<?> option) cells[at] = option.isDefined() ? option.get() : null;
            some |= cells[at] == null;
        }
        room(1 + cells.length);
        to.put((byte) (some ? 1 : 0));
        for (int at = 0; some && at < cells.length; at++) to.put((byte) (cells[at] == null ? 1 : 0));
        if (kind.shape() == Kind.Shape.SCALAR) {
            values(kind.basic(), cells);
        } else {
            several(kind, cells);
        }
    }

    /** Returns a cell of MLeap as one of Java: lists and tensors are lists. */
    static Object plain(Object cell) {
        if (cell instanceof Option<?> option) return option.isDefined() ? plain(option.get()) : null;
        if (cell instanceof ByteString bytes) return bytes.bytes();
        if (!(cell instanceof Seq<?>) && !(cell instanceof Tensor<?>)) return cell;
        var flat = new ArrayList<Object>();
        spread(cell, flat);
        List<Object> list = flat.stream().map(Answer::plain).toList();
        if (!(cell instanceof Tensor<?> tensor)) return list;
        // Lists of the last axis first, then lists of these.
        for (int axis = tensor.dimensions().size() - 1; axis > 0; axis--) list = grouped(list, tensor, axis);
        return list;
    }

    private static List<Object> grouped(List<Object> list, Tensor<?> tensor, int axis) {
        int size = (Integer) tensor.dimensions().apply(axis);
        int count = 1;
        for (int at = 0; at < axis; at++) count *= (Integer) tensor.dimensions().apply(at);
        var groups = new ArrayList<Object>();
        for (int at = 0; at < count; at++) groups.add(list.subList(at * size, (at + 1) * size));
        return groups;
    }

    private void several(Kind kind, Object[] cells) {
        var flat = new ArrayList<Object>();
        room(4 * (cells.length + 1));
        to.putInt(0);
        boolean doubles = kind.shape() == Kind.Shape.TENSOR && kind.basic() == Kind.Basic.DOUBLE;
        int count = 0;
        var arrays = new ArrayList<double[]>(doubles ? cells.length : 0);
        for (var cell : cells) {
            if (doubles) {
                var array = cell == null ? new double[0] : (double[]) ((Tensor<?>) cell).toArray();
                arrays.add(array);
                count += array.length;
            } else {
                spread(cell, flat);
                count = flat.size();
            }
            to.putInt(count);
        }
        if (kind.hasOpenAxes()) lengths(kind, cells);
        if (!doubles) {
            values(kind.basic(), flat.toArray());
            return;
        }
        room(8 * count);
        for (var array : arrays) {
            for (double one : array) to.putDouble(one);
        }
    }

    /** Adds the lengths of the axes of each tensor; of a missing one there are none. */
    private void lengths(Kind kind, Object[] cells) {
        int axes = kind.dimensions().size();
        room(4 * axes * cells.length);
        for (var cell : cells) {
            for (int axis = 0; axis < axes; axis++) to.putInt(cell instanceof Tensor<?> tensor ? (Integer) tensor.dimensions().apply(axis) : 0);
        }
    }

    private static void spread(Object cell, List<Object> flat) {
        if (cell instanceof Seq<?> list) {
            var each = list.iterator();
            while (each.hasNext()) flat.add(each.next());
        } else if (cell instanceof Tensor<?> tensor) {
            var array = tensor.toArray();
            int size = java.lang.reflect.Array.getLength(array);
            for (int at = 0; at < size; at++) flat.add(java.lang.reflect.Array.get(array, at));
        }
    }

    private void values(Kind.Basic basic, Object[] cells) {
        if (basic.size == 0) {
            texts(cells);
            return;
        }
        room(basic.size * cells.length);
        for (var cell : cells) {
            switch (basic) {
                case BOOLEAN -> to.put((byte) (cell != null && (Boolean) cell ? 1 : 0));
                case BYTE -> to.put(cell == null ? 0 : (Byte) cell);
                case SHORT -> to.putShort(cell == null ? 0 : (Short) cell);
                case INT -> to.putInt(cell == null ? 0 : (Integer) cell);
                case LONG -> to.putLong(cell == null ? 0 : (Long) cell);
                case FLOAT -> to.putFloat(cell == null ? 0 : (Float) cell);
                default -> to.putDouble(cell == null ? 0 : ((Number) cell).doubleValue());
            }
        }
    }

    private void texts(Object[] cells) {
        var every = new byte[cells.length][];
        int end = 0;
        room(4 * (cells.length + 1));
        to.putInt(end);
        for (int at = 0; at < cells.length; at++) {
            every[at] = cells[at] instanceof ByteString bytes ? bytes.bytes()
                : cells[at] == null ? new byte[0] : cells[at].toString().getBytes(StandardCharsets.UTF_8);
            end += every[at].length;
            to.putInt(end);
        }
        room(end);
        for (var bytes : every) to.put(bytes);
    }

    private void room(int more) {
        if (to.remaining() >= more) return;
        long wanted = Math.max(2L * to.capacity(), (long) to.position() + more);
        if (wanted > Integer.MAX_VALUE - 16) wanted = Math.addExact(to.position(), more);
        to = ByteBuffer.allocate((int) wanted).order(ByteOrder.LITTLE_ENDIAN).put(to.flip());
    }
}
