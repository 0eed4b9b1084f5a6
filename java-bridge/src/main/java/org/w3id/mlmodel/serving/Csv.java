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

    /** Returns all lines, the names first. */
    static List<List<String>> read(String body) {
        var text = body.startsWith("\uFEFF") ? body.substring(1) : body;
        var lines = new Csv(text).lines();
        if (lines.isEmpty()) throw malformed("The body is empty; its first line names the columns");
        return lines;
    }

    private List<List<String>> lines() {
        var lines = new ArrayList<List<String>>();
        while (at < text.length()) {
            var line = line();
            boolean isEmpty = line.size() == 1 && line.get(0) == null;
            int width = lines.isEmpty() ? 0 : lines.get(0).size();
            if (isEmpty && (lines.isEmpty() || width > 1 || at >= end)) continue;
            if (!lines.isEmpty() && line.size() != width) {
                throw malformed("Row " + (lines.size() - 1) + " has " + line.size() + " cells, and the first line " + width);
            }
            lines.add(line);
        }
        return lines;
    }

    private List<String> line() {
        var cells = new ArrayList<String>();
        while (true) {
            cells.add(at < text.length() && text.charAt(at) == '"' ? quoted() : plain());
            if (at == text.length()) return cells;
            char end = text.charAt(at++);
            if (end == ',') continue;
            if (end == '\r' && at < text.length() && text.charAt(at) == '\n') at++;
            else if (end == '\r') throw MlmodelException.malformed("RST-098", "RST-015", "A line ends with CR alone");
            return cells;
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
