package org.w3id.mlmodel.bridge;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Trees of MOJOs, whole and with one thing wrong: what H2O's reader would follow out of the tree, or without an end. */
class MojoTreeTest {
    private static final int COLUMNS = 4;
    /** What is left of the first node is so many bytes as the number behind its split says. */
    private static final int SIZE_OF_LEFT = 8;

    private static byte[] whole;

    @BeforeAll
    static void read() throws Exception {
        try (var zip = new ZipFile("src/test/resources/mojos/gbm.zip")) {
            whole = zip.getInputStream(zip.getEntry("trees/t00_000.bin")).readAllBytes();
        }
    }

    private interface Change {
        void in(byte[] tree);
    }

    private static boolean isTree(Change change) {
        var tree = whole.clone();
        change.in(tree);
        return MojoTree.is(tree, COLUMNS);
    }

    private static void sizeOfLeft(byte[] tree, int size) {
        tree[0] |= 3; // in four bytes
        ByteBuffer.wrap(tree).order(ByteOrder.nativeOrder()).putInt(SIZE_OF_LEFT, size);
    }

    @Test
    void aWholeTreeIsOne() {
        assertTrue(MojoTree.is(whole, COLUMNS));
        assertTrue(MojoTree.is(new byte[] {0, -1, -1, 0, 0, 0, 0}, COLUMNS), "a leaf alone");
    }

    @Test
    void aTreeHasItsColumnsAlone() {
        assertFalse(isTree(tree -> ByteBuffer.wrap(tree).order(ByteOrder.nativeOrder()).putShort(1, (short) COLUMNS)));
        assertFalse(MojoTree.is(whole, 1));
    }

    @Test
    void eachPartIsInItsPlaceOnce() {
        assertFalse(isTree(tree -> sizeOfLeft(tree, -12)), "it leads back");
        assertFalse(isTree(tree -> sizeOfLeft(tree, 1 << 20)), "it leads out");
        assertFalse(isTree(tree -> tree[SIZE_OF_LEFT]++), "it leads into the middle");
        assertFalse(MojoTree.is(Arrays.copyOf(whole, whole.length - 1), COLUMNS), "it is cut off");
        assertFalse(MojoTree.is(Arrays.copyOf(whole, whole.length + 1), COLUMNS), "it goes on");
        assertFalse(MojoTree.is(new byte[0], COLUMNS), "it is empty");
        assertFalse(MojoTree.is(new byte[] {0, -1, -1, 0, 0, 0, 0, 0}, COLUMNS), "a leaf of five bytes");
    }

    @Test
    void nodesAreOfKnownKinds() {
        assertFalse(isTree(tree -> tree[0] |= 0x40), "a leaf to the right that is no leaf");
        assertFalse(isTree(tree -> tree[0] |= 4), "a split of no kind");
        assertFalse(isTree(tree -> tree[0] |= 12), "categories without an end");
        assertFalse(isTree(tree -> tree[0] |= 16), "a left part of no kind");
    }
}
