package org.w3id.mlmodel.document;

import java.util.Arrays;
import java.util.Map;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;

/**
 * Which character of the file a character of a YAML scalar comes from.
 *
 * <p>A violation inside a signature stands in a JSON text that YAML folded over many lines and quoted in one
 * of five ways. Where the map cannot be made, the scalar's own beginning is the place.
 */
final class SourceMap {
    private static final Map<Integer, Integer> LENGTHS = Map.of((int) 'x', 2, (int) 'u', 4, (int) 'U', 8);
    private static final String ESCAPED = "0abt\tnvfre \"/\\N_LP";
    private static final String MEANT = "\0\u0007\b\t\t\n\u000b\f\r\u001b \"/\\\u0085\u00a0\u2028\u2029";

    private final int[] file;
    private final int begin;
    private final int end;
    /** The characters so far, and the place of each. */
    private int[] characters = new int[64];
    private int[] offsets = new int[64];
    private int length;
    private final boolean isExact;

    /** Makes the map of a scalar; {@code file} has the characters of the whole text. */
    SourceMap(int[] file, Node node) {
        this.file = file;
        begin = node.start.index();
        end = Math.min(node.end.index(), file.length);
        switch (node.style) {
            case LITERAL -> new Block().literal();
            case FOLDED -> new Block().folded();
            case SINGLE_QUOTED, DOUBLE_QUOTED -> flow(1, end - 1, node.style);
            default -> flow(0, end, node.style);
        }
        // Chomping at the end of a block concerns no character that a place is asked for.
        var decoded = new String(characters, 0, length);
        isExact = stripped(decoded).equals(stripped(node.text));
    }

    /** Returns the place in the file of the value's character at an index. */
    int offset(int index) {
        return isExact && length > 0 ? offsets[Math.min(index, length - 1)] : begin;
    }

    private static String stripped(String text) {
        int last = text.length();
        while (last > 0 && text.charAt(last - 1) == '\n') last -= 1;
        return text.substring(0, last);
    }

    private void add(int character, int offset) {
        if (length == characters.length) {
            characters = Arrays.copyOf(characters, 2 * length);
            offsets = Arrays.copyOf(offsets, 2 * length);
        }
        characters[length] = character;
        offsets[length++] = offset;
    }

    private void flow(int quote, int last, ScalarStyle style) {
        int at = begin + quote;
        while (at < last) {
            int one = file[at];
            if (Lines.isBreak(one)) {
                at = fold(at, last);
            } else if (style == ScalarStyle.SINGLE_QUOTED && one == '\'') {
                add('\'', at);
                at += 2;
            } else if (style == ScalarStyle.DOUBLE_QUOTED && one == '\\') {
                at = escape(at, last);
            } else {
                add(one, at++);
            }
        }
    }

    private boolean isSpace(int at) {
        return at < end && (file[at] == ' ' || file[at] == '\t');
    }

    private int behindSpaces(int at) {
        int next = at;
        while (isSpace(next)) next += 1;
        return next;
    }

    private int behindBreak(int at) {
        return at + (file[at] == '\r' && at + 1 < file.length && file[at + 1] == '\n' ? 2 : 1);
    }

    private int fold(int first, int last) {
        // Spaces before a break are not part of the value, but for those that were escaped.
        while (length > 0 && offsets[length - 1] == first - 1 - (first - 1 - offsets[length - 1])
            && isTrailing(offsets[length - 1], first)) length -= 1;
        int breaks = 0;
        int at = first;
        while (at < last && Lines.isBreak(file[at])) {
            breaks += 1;
            at = behindSpaces(behindBreak(at));
        }
        if (breaks == 1) add(' ', first);
        for (int one = 1; one < breaks; one++) add('\n', first);
        return at;
    }

    /** Whether everything from a place to a break is spaces. */
    private boolean isTrailing(int from, int to) {
        for (int at = from; at < to; at++) {
            if (!isSpace(at)) return false;
        }
        return from < to;
    }

    private int escape(int at, int last) {
        int kind = at + 1 < last ? file[at + 1] : 0;
        if (Lines.isBreak(kind)) return behindEscapedBreak(behindBreak(at + 1), last);
        var digits = LENGTHS.get(kind);
        if (digits == null) {
            int known = ESCAPED.indexOf(kind);
            add(known < 0 ? kind : MEANT.charAt(known), at);
            return at + 2;
        }
        int next = Math.min(at + 2 + digits, last);
        add(Integer.parseInt(new String(file, at + 2, next - at - 2), 16), at);
        return next;
    }

    /** Empty lines after an escaped break still count, each as one break. */
    private int behindEscapedBreak(int from, int last) {
        int at = behindSpaces(from);
        while (at < last && Lines.isBreak(file[at])) {
            add('\n', at);
            at = behindSpaces(behindBreak(at));
        }
        return at;
    }

    /** The lines of a block scalar behind its header. */
    private final class Block {
        private int at = lineEnd(begin) + 1;
        private final int indent = indent();

        private int lineEnd(int from) {
            int next = from;
            while (next < end && file[next] != '\n') next += 1;
            return next;
        }

        private int bareEnd(int lineEnd) {
            return lineEnd > at && file[lineEnd - 1] == '\r' ? lineEnd - 1 : lineEnd;
        }

        /** The least indentation where the header says one, else that of the first line with text. */
        private int indent() {
            int least = -1;
            for (int from = at; from < end; from = lineEnd(from) + 1) {
                int text = from;
                while (text < end && file[text] == ' ') text += 1;
                if (text >= end || file[text] == '\n' || file[text] == '\r') continue;
                least = least < 0 ? text - from : Math.min(least, text - from);
                if (!hasDigit()) break;
            }
            return Math.max(least, 0);
        }

        private boolean hasDigit() {
            for (int one = begin; one < end && file[one] != '\n' && file[one] != '#'; one++) {
                if (file[one] >= '1' && file[one] <= '9') return true;
            }
            return false;
        }

        void literal() {
            for (; at < end; at = lineEnd(at) + 1) {
                int last = bareEnd(lineEnd(at));
                for (int one = Math.min(at + indent, last); one < last; one++) add(file[one], one);
                add('\n', last);
            }
        }

        void folded() {
            int pending = 0;
            int firstBreak = 0;
            boolean wasDeeper = false;
            boolean isStarted = false;
            for (; at < end; at = lineEnd(at) + 1) {
                int last = bareEnd(lineEnd(at));
                int text = Math.min(at + indent, last);
                if (text < last) {
                    boolean isDeeper = isSpace(text);
                    join(pending, firstBreak, isStarted, wasDeeper || isDeeper);
                    for (int one = text; one < last; one++) add(file[one], one);
                    pending = 0;
                    wasDeeper = isDeeper;
                    isStarted = true;
                }
                if (pending++ == 0) firstBreak = last;
            }
        }

        private void join(int breaks, int place, boolean isStarted, boolean isKept) {
            if (isStarted && !isKept && breaks == 1) {
                add(' ', place);
                return;
            }
            for (int one = isKept || !isStarted ? 0 : 1; one < breaks; one++) add('\n', place);
        }
    }
}
