package org.w3id.mlmodel.serving;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.w3id.mlmodel.enforcement.Source;
import org.w3id.mlmodel.enforcement.Table;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Numeral;
import org.w3id.mlmodel.serving.Request.Given;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type;

/** A table of CSV: what its first line says, and its cells by what is declared (RST-015, RST-016, RST-097, RST-098). */
final class CsvTable {
    private static final List<String> SEPARATORS = List.of(";", "\t", "|");

    private CsvTable() {}

    private static String text(byte[] body) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
        } catch (CharacterCodingException error) {
            boolean isUtf16 = body.length > 1 && (body[0] & 0xff) + (body[1] & 0xff) == 0xff + 0xfe;
            throw MlmodelException.malformed(isUtf16 ? "RST-002" : "RST-016", isUtf16 ? "The body is UTF-16, not UTF-8" : "The body is not UTF-8");
        }
    }

    /** Returns the table in a body, whose first line has the names. */
    static Given read(byte[] body, Declared declared) {
        return read(text(body), declared);
    }

    static Given read(String body, Declared declared) {
        var lines = Csv.read(body);
        var header = lines.header();
        var given = new HashSet<>(header);
        boolean hasIndex = header.size() > 1 && isNameless(header.get(0)) && !declared.names().contains("Unnamed: 0");
        int first = hasIndex ? 1 : 0;
        var names = new ArrayList<String>();
        for (int at = first; at < header.size(); at++) {
            names.add(isNameless(header.get(at)) ? unnamed(given, at) : header.get(at));
        }
        requireNames(names, declared);
        return asked -> table(names, lines, first, asked);
    }

    private static boolean isNameless(String name) {
        return name == null || name.isEmpty();
    }

    /** Returns what pandas calls a column without a name (RST-097). */
    private static String unnamed(Set<String> given, int at) {
        var name = "Unnamed: " + at;
        var own = name;
        for (int count = 1; given.contains(own); count++) own = name + "." + count;
        return own;
    }

    /** Refuses what looks like another separator, or like no line of names (RST-098). */
    private static void requireNames(List<String> names, Declared declared) {
        var known = declared.names();
        if (names.stream().anyMatch(known::contains)) return;
        if (names.size() == 1 && isOfAnotherSeparator(names.get(0), declared, known)) throw refused("The cells are not separated by commas");
        if (areCells(names, declared)) throw refused("The first line has no names of columns");
    }

    private static MlmodelException refused(String why) {
        return MlmodelException.malformed("RST-098", "RST-015", why);
    }

    private static boolean isOfAnotherSeparator(String line, Declared declared, Set<String> known) {
        boolean mayBeSeveral = declared.columns() == null || declared.columns().specs().size() > 1;
        return SEPARATORS.stream().filter(line::contains).anyMatch(
            one -> mayBeSeveral || Stream.of(line.split(Pattern.quote(one))).anyMatch(known::contains));
    }

    /** Whether numbers stand where names are expected; whole ones alone may be the numbers of columns. */
    private static boolean areCells(List<String> names, Declared declared) {
        if (declared.haveNames()) return names.size() == declared.columns().specs().size() && names.stream().anyMatch(CsvTable::isNumber);
        return names.stream().allMatch(CsvTable::isNumber) && names.stream().anyMatch(one -> !one.strip().matches("[+-]?[0-9]+"));
    }

    private static boolean isNumber(String text) {
        return CsvCells.read(Type.Scalar.DOUBLE, text, false) instanceof Numeral;
    }

    private static Object table(List<String> names, Csv.Lines lines, int first, Declared declared) {
        boolean isOnly = names.size() == 1;
        int rows = lines.rows();
        if (declared.columns() == null) {
            return Tables.undeclared(names, new Table(names, names.size(), rows, at -> {
                var cells = CsvCells.infer(IntStream.range(0, rows).mapToObj(row -> lines.cell(row, at + first))
                    .map(one -> isOnly && "".equals(one) ? null : one).toList());
                return row -> cells[row];
            }));
        }
        var types = types(names, declared);
        return declared.frame(declared.columns().read(new Table(names, names.size(), rows,
            at -> row -> CsvCells.read(types.get(at), lines.cell(row, at + first), isOnly)), Source.CSV));
    }

    /** Returns the declared type of each given column; null of one that is not declared. */
    private static Map<Integer, Type> types(List<String> names, Declared declared) {
        var specs = declared.columns().specs();
        boolean byName = declared.haveNames() || declared.columns().areNumbers(names);
        boolean isOnly = specs.size() == 1 && names.size() == 1;
        var places = new HashMap<String, Integer>();
        for (int at = 0; at < specs.size(); at++) places.put(String.valueOf(specs.get(at).label(at)), at);
        var found = new HashMap<Integer, Type>();
        for (int at = 0; at < names.size(); at++) {
            var place = isOnly ? (Integer) 0 : byName ? places.get(names.get(at)) : (Integer) at;
            if (place != null && place < specs.size()) found.put(at, ((Spec.Column) specs.get(place)).type());
        }
        return found;
    }
}
