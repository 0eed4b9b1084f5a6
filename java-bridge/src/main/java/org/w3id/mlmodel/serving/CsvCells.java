package org.w3id.mlmodel.serving;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.w3id.mlmodel.json.Numeral;
import org.w3id.mlmodel.signature.Type;
import org.w3id.mlmodel.signature.Type.Scalar;

/** Texts of CSV as the values that JSON would have there (ENF-060 to ENF-062, ENF-108, ENF-110). */
final class CsvCells {
    private static final Pattern NUMBER = Pattern.compile(
        " *([+-]?)(?:([0-9]+)(?:\\.([0-9]*))?|\\.([0-9]+))(?:[eE]([+-]?[0-9]+))? *");
    private static final Pattern INFINITE = Pattern.compile(" *[+-]?inf(?:inity)? *", Pattern.CASE_INSENSITIVE);
    private static final Set<String> MISSING = Set.of(
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
        "NULL", "NaN", "None", "n/a", "nan", "null");
    private static final int LONGEST_EXPONENT = 400;

    private CsvCells() {}

    /** Returns a cell of a declared type; a text that has not its form stays one, to be refused. */
    static Object read(Type type, String cell, boolean isOnly) {
        if (cell == null || (isOnly && cell.isEmpty())) return null;
        if (!(type instanceof Scalar scalar) || scalar == Scalar.STRING || scalar == Scalar.BINARY) return cell;
        var text = cell.strip();
        if (MISSING.contains(text)) return null;
        if (scalar == Scalar.BOOLEAN) return truth(text, cell);
        return scalar == Scalar.DATETIME ? cell : number(scalar, cell);
    }

    /** Returns whether a cell says that it has no value. */
    static boolean isMissing(String cell) {
        return cell == null || MISSING.contains(cell.strip());
    }

    private static Object truth(String text, String cell) {
        return switch (text) {
            case "true", "True", "TRUE" -> true;
            case "false", "False", "FALSE" -> false;
            default -> cell;
        };
    }

    private static Object number(Scalar type, String cell) {
        if (type.isFloating() && INFINITE.matcher(cell).matches()) {
            return cell.strip().startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        var number = numeral(cell);
        if (number == null) return cell;
        return type.isWhole() ? whole(number) : number;
    }

    /** Returns a number in JSON's form; null where the text is none. */
    private static Numeral numeral(String cell) {
        var found = NUMBER.matcher(cell);
        if (!found.matches()) return null;
        var sign = found.group(1).equals("-") ? "-" : "";
        var digits = found.group(2) == null ? "0" : found.group(2).replaceFirst("^0+(?=[0-9])", "");
        var fraction = found.group(2) == null ? found.group(4) : found.group(3);
        var exponent = found.group(5) == null ? "" : "e" + found.group(5);
        if (fraction == null) return new Numeral(sign + digits + exponent);
        return new Numeral(sign + digits + "." + (fraction.isEmpty() ? "0" : fraction) + exponent);
    }

    /** Returns an integer that is written with an exponent without it, where it is one exactly (ENF-110). */
    private static Numeral whole(Numeral number) {
        boolean hasExponent = number.text().indexOf('e') >= 0;
        var exact = hasExponent ? number.integral(LONGEST_EXPONENT) : null;
        return exact == null ? number : exact;
    }

    /** Returns a column of which nothing is declared: numbers, booleans, or texts as they are. */
    static Object[] infer(List<String> cells) {
        boolean numbers = false;
        boolean truths = false;
        boolean texts = false;
        for (var cell : cells) {
            if (isMissing(cell)) continue;
            boolean isNumber = number(Scalar.DOUBLE, cell) != (Object) cell;
            boolean isTruth = truth(cell.strip(), cell) instanceof Boolean;
            numbers |= isNumber;
            truths |= isTruth;
            texts |= !isNumber && !isTruth;
        }
        if (texts || numbers == truths) return cells.toArray();
        var type = numbers ? Scalar.DOUBLE : Scalar.BOOLEAN;
        return cells.stream().map(cell -> read(type, cell, false)).toArray();
    }
}
