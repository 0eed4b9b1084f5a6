package org.w3id.mlmodel.document;

import java.io.Reader;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;

/**
 * A text for the scanner of YAML, whole.
 *
 * <p>The library's own reader takes a text in pieces of 1,024 characters, and copies what it has for each: for
 * a scalar of 8 MiB that takes minutes.
 */
final class WholeText extends StreamReader {
    private static final int BYTE_ORDER_MARK = 0xFEFF;

    private final int[] characters;
    private int at;
    private int line;
    private int column;
    private int documentStart;
    private long left;

    /** Takes a text; {@code most} bounds how many characters are scanned again because of tabs. */
    WholeText(String text, int most) {
        super(Reader.nullReader());
        characters = text.codePoints().toArray();
        left = 10L * most;
        for (int index = 0; index < characters.length; index++) {
            if (isPrintable(characters[index])) continue;
            throw new ReaderException("'text'", index, characters[index], "special characters are not allowed");
        }
    }

    /**
     * Makes a space of a tab at which the scanner gave up, and begins anew; returns whether it did.
     *
     * <p>YAML lets tabs separate a key from its value, and stand anywhere between brackets; this scanner does not.
     */
    boolean takesTabForSpace(Mark mark, boolean isInFlow) {
        int tab = mark == null ? characters.length : mark.getIndex();
        if (tab >= characters.length || characters[tab] != '\t' || left < tab || !(isInFlow || isBehindText(tab))) return false;
        for (int one = tab; one < characters.length && characters[one] == '\t'; one++) characters[one] = ' ';
        left -= tab + 1;
        at = line = column = documentStart = 0;
        return true;
    }

    /** Whether something stands before a place in its line that is not the mark of an item or of a key. */
    private boolean isBehindText(int place) {
        for (int one = place - 1; one >= 0 && !Lines.isBreak(characters[one]); one--) {
            if (" \t-?".indexOf(characters[one]) < 0) return true;
        }
        return false;
    }

    @Override
    public Mark getMark() {
        return new Mark("'text'", at, line, column, characters, at);
    }

    @Override
    public void forward() {
        forward(1);
    }

    @Override
    public void forward(int length) {
        for (int one = 0; one < length && at < characters.length; one++) {
            int character = characters[at++];
            boolean isBreak = character == '\r' ? at < characters.length && characters[at] != '\n' : Lines.isBreak(character);
            if (isBreak) {
                line += 1;
                column = 0;
            } else if (character != BYTE_ORDER_MARK) {
                column += 1;
            }
        }
    }

    @Override
    public int peek() {
        return peek(0);
    }

    @Override
    public int peek(int ahead) {
        return at + ahead < characters.length ? characters[at + ahead] : 0;
    }

    @Override
    public String prefix(int length) {
        return new String(characters, at, Math.min(length, characters.length - at));
    }

    @Override
    public String prefixForward(int length) {
        var found = prefix(length);
        at += length;
        column += length;
        return found;
    }

    @Override
    public int getColumn() {
        return column;
    }

    @Override
    public int getLine() {
        return line;
    }

    @Override
    public int getIndex() {
        return at;
    }

    @Override
    public int getDocumentIndex() {
        return at - documentStart;
    }

    @Override
    public void resetDocumentIndex() {
        documentStart = at;
    }
}
