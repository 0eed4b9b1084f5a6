package org.w3id.mlmodel.bridge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;

/**
 * One tree of a MOJO, in bytes: a node, what is left of it and what is right of it, each of which begins where the
 * one before ends. A node says how many bytes its left part has.
 *
 * <p>H2O goes from node to node by these numbers, and goes on for ever where one leads back.
 */
final class MojoTree {
    private static final int LEAF = 4;
    private static final int NO_COLUMN = 0xFFFF;
    /** The direction of a node that asks for nothing but whether there is a value. */
    private static final int IS_THERE = 1;

    private final ByteBuffer bytes;
    private final int columns;
    /** Where parts begin and end that are still to be looked at. */
    private final ArrayDeque<int[]> parts = new ArrayDeque<>();

    private MojoTree(byte[] bytes, int columns) {
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        this.columns = columns;
    }

    /** Returns whether bytes are a tree over so many columns, all of them and each once. */
    static boolean is(byte[] bytes, int columns) {
        var tree = new MojoTree(bytes, columns);
        tree.parts.push(new int[] {0, bytes.length});
        try {
            while (!tree.parts.isEmpty()) {
                var part = tree.parts.pop();
                if (!tree.isNode(part[0], part[1])) return false;
            }
        } catch (IndexOutOfBoundsException error) {
            return false;
        }
        return true;
    }

    private boolean isNode(int start, int end) {
        int type = bytes.get(start) & 0xFF;
        int column = bytes.getShort(start + 1) & 0xFFFF;
        int at = start + 3;
        if (column == NO_COLUMN) return end - at == LEAF;
        if (column >= columns) return false;
        boolean hasSplit = bytes.get(at++) != IS_THERE;
        int split = hasSplit ? sizeOfSplit(type & 12, at) : 0;
        if (split < 0 || split > end - at) return false;
        at += split;
        int left = type & 51;
        int size = left == 48 ? LEAF : left <= 3 ? number(at, left + 1) : -1;
        if (left <= 3) at += left + 1;
        if (size < 0 || size > end - at) return false;
        if (left <= 3) parts.push(new int[] {at, at + size});
        at += size;
        return switch (type & 0xC0) {
            case 0 -> {
                parts.push(new int[] {at, end});
                yield true;
            }
            case 0xC0 -> end - at == LEAF;
            default -> false;
        };
    }

    /** Returns how many bytes say what goes to the right: a number, or the categories that do; -1 for none. */
    private int sizeOfSplit(int kind, int at) {
        return switch (kind) {
            case 0, 8 -> 4;
            case 12 -> {
                int categories = bytes.getInt(at + 2);
                yield categories < 0 ? -1 : 6 + (int) ((categories + 7L) / 8);
            }
            default -> -1;
        };
    }

    private int number(int at, int size) {
        int number = 0;
        for (int place = 0; place < size; place++) number |= (bytes.get(at + place) & 0xFF) << (8 * place);
        return number;
    }
}
