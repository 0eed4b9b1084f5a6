package org.w3id.mlmodel.document;

import java.util.Arrays;

/** Lines and columns of a text, as YAML counts them (MLM-040). */
final class Lines {
    private final int[] characters;
    private final int[] starts;

    Lines(String text) {
        characters = text.codePoints().toArray();
        starts = starts(characters);
    }

    /** Whether a character ends a line. */
    static boolean isBreak(int character) {
        return character == '\n' || character == '\r' || character == 0x85 || character == 0x2028 || character == 0x2029;
    }

    private static int[] starts(int[] characters) {
        int[] found = new int[16];
        int count = 1;
        for (int at = 0; at < characters.length; at++) {
            boolean isInPair = characters[at] == '\r' && at + 1 < characters.length && characters[at + 1] == '\n';
            if (!isBreak(characters[at]) || isInPair) continue;
            if (count == found.length) found = Arrays.copyOf(found, 2 * count);
            found[count++] = at + 1;
        }
        return Arrays.copyOf(found, count);
    }

    int[] characters() {
        return characters;
    }

    /** Returns the place of the character at an offset. */
    Mark place(int offset) {
        int at = Arrays.binarySearch(starts, offset);
        int line = at >= 0 ? at : -at - 2;
        return new Mark(line + 1, offset - starts[line] + 1, offset);
    }
}
