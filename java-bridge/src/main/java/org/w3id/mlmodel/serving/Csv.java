package org.w3id.mlmodel.serving;

import java.util.ArrayList;
import java.util.List;
import org.w3id.mlmodel.errors.MlmodelException;

/** CSV by RFC 4180 (RST-015, RST-016): the names, and the cells of the rows; null is an empty cell without quotes. */
final class Csv {
    private final String text;
    /** Where the last lines begin that are empty. */
    private final int end;
    private int at;

    private Csv(String text) {
        this.text = text;
        int last = text.length();
        while (last > 0 && "\r\n".indexOf(text.charAt(last - 1)) >= 0) last--;
        end = last;
    }

    /**
     * What a body holds.
     *
     * @param header the names
     * @param cells those of all rows, row after row: a list for each would take more than its cells
     */
    record Lines(List<String> header, List<String> cells) {
        int rows() {
            return cells.size() / header.size();
        }

        String cell(int row, int column) {
            return cells.get(row * header.size() + column);
        }
    }

    /** Returns all lines. */
    static Lines read(String body) {
        var text = body.startsWith("\uFEFF") ? body.substring(1) : body;
        return new Csv(text).lines();
    }

    private Lines lines() {
        var header = new ArrayList<String>();
        while (header.isEmpty() && at < text.length()) {
            line(header);
            if (isEmpty(header, 0)) header.clear();
        }
        if (header.isEmpty()) throw malformed("The body is empty; its first line names the columns");
        var cells = new ArrayList<String>();
        for (int before = 0; at < text.length(); before = cells.size()) {
            line(cells);
            int width = cells.size() - before;
            if (isEmpty(cells, before) && (header.size() > 1 || at >= end)) {
                cells.remove(before);
            } else if (width != header.size()) {
                throw malformed("Row " + before / header.size() + " has " + width + " cells, and the first line " + header.size());
            }
        }
        return new Lines(header, cells);
    }

    /** Whether the cells from a place on are one that is empty. */
    private static boolean isEmpty(List<String> cells, int from) {
        return cells.size() == from + 1 && cells.get(from) == null;
    }

    /** Reads a line; its cells are added to others. */
    private void line(List<String> cells) {
        while (true) {
            cells.add(at < text.length() && text.charAt(at) == '"' ? quoted() : plain());
            if (at == text.length()) return;
            char end = text.charAt(at++);
            if (end == ',') continue;
            if (end == '\r' && at < text.length() && text.charAt(at) == '\n') at++;
            else if (end == '\r') throw MlmodelException.malformed("RST-098", "RST-015", "A line ends with CR alone");
            return;
        }
    }

    private String plain() {
        int start = at;
        while (at < text.length()) {
            char one = text.charAt(at);
            if (one == ',' || one == '\n' || one == '\r') break;
            if (one == '"') throw malformed("A quote stands within a cell that has none around it");
            at++;
        }
        return start == at ? null : text.substring(start, at);
    }

    private String quoted() {
        var cell = new StringBuilder();
        at++;
        while (true) {
            int end = text.indexOf('"', at);
            if (end < 0) throw malformed("A quote is not closed");
            cell.append(text, at, end);
            at = end + 1;
            if (at == text.length() || ",\r\n".indexOf(text.charAt(at)) >= 0) return cell.toString();
            if (";\t|".indexOf(text.charAt(at)) >= 0) {
                throw MlmodelException.malformed("RST-098", "RST-015", "The cells are not separated by commas");
            }
            if (text.charAt(at) != '"') throw malformed("Something stands behind a quote that closes a cell");
            cell.append('"');
            at++;
        }
    }

    static MlmodelException malformed(String message) {
        return MlmodelException.malformed("RST-015", message);
    }
}
