package org.w3id.mlmodel.serving;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.bridge.Fault;
import org.w3id.mlmodel.bridge.Kind;
import org.w3id.mlmodel.bridge.Mojo;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.enforcement.Meaning;
import org.w3id.mlmodel.enforcement.Moment;
import org.w3id.mlmodel.enforcement.Shown;
import org.w3id.mlmodel.enforcement.Table;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.JsonText;
import org.w3id.mlmodel.json.Numeral;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Type;

/** A MOJO of H2O, asked as the model is asked in H2O's server (HTO-006 to HTO-008, HTO-011). */
final class MojoModel implements Model {
    private static final String NO_TABLE = "A model of H2O takes a table: columns with names, or records";

    private final Mojo mojo;
    private final Signature signature;

    /**
     * Makes it of a MOJO.
     *
     * @param signature what the model declares, or null: then a MOJO takes what its features take
     */
    MojoModel(Mojo mojo, Signature signature) {
        ScorerModel.requireColumns(signature, "a model of H2O");
        this.mojo = mojo;
        this.signature = signature;
    }

    @Override
    public Signature signature() {
        return signature;
    }

    @Override
    public Object predict(Frame frame, Object value, Map<String, Object> params) {
        var table = frame == null ? table(value) : frame;
        if (table.columns().isEmpty() && table.rows() == 0) return answered(new Object[mojo.inputs().size()][0], 0);
        var features = required(table);
        var details = new ArrayList<Detail>();
        var cells = new Object[mojo.inputs().size()][];
        for (int at = 0; at < cells.length; at++) cells[at] = cells(mojo.inputs().get(at), features.column(at), details);
        if (details.isEmpty()) return answered(cells, table.rows());
        throw MlmodelException.input("Some features of the model cannot take their values", details);
    }

    /** Returns the table that a value of JSON is (SKL-010); an array is none, whatever is in it (RST-014). */
    private static Frame table(Object value) {
        var meaning = Meaning.of(List.of(), value);
        if (meaning instanceof Meaning.Rows rows && rows.rows().isEmpty()) return Tables.ofRecords(List.of());
        if (meaning instanceof Meaning.OneRow row && row.cells().values().stream().noneMatch(List.class::isInstance)) {
            return Tables.ofRecords(List.of(row.cells()));
        }
        if (meaning instanceof Meaning.ByColumn columns) return ofColumns(columns.all());
        throw refused("HTO-007", NO_TABLE);
    }

    private static Frame ofColumns(Map<?, ?> columns) {
        var names = new ArrayList<Object>(columns.keySet());
        var lists = columns.values().stream().<List<?>>map(one -> (List<?>) one).toList();
        int rows = lists.isEmpty() ? 0 : lists.get(0).size();
        if (lists.stream().anyMatch(one -> one.size() != rows)) throw refused("HTO-007", NO_TABLE + "; these columns have different lengths");
        return Tables.undeclared(names, new Table(names, names.size(), rows, at -> lists.get(at)::get));
    }

    private Features required(Frame table) {
        var features = new Features(mojo.inputs(), table, true);
        requireNone(features.repeated(), "given more than once", "several columns");
        var missing = features.missing();
        if (!missing.isEmpty() && features.isNameless() && !table.columns().isEmpty()) {
            throw refused("HTO-006", "Expected " + mojo.inputs().size() + " features, got " + table.columns().size());
        }
        requireNone(missing, "missing from the data", "no such column");
        return features;
    }

    private static void requireNone(List<String> names, String what, String got) {
        if (names.isEmpty()) return;
        var details = names.stream().map(name -> new Detail("HTO-006", name, null, "one column", got)).toList();
        throw MlmodelException.input("Some features of the model are " + what, details);
    }

    private static MlmodelException refused(String rule, String message) {
        return new MlmodelException(ErrorName.INVALID_INPUT, message + " (" + rule + ").", List.of(Detail.of(rule)));
    }

    /** Returns the cells of a feature: numbers, or the texts of categories; of those that are neither the first is told. */
    private static Object[] cells(Kind kind, Column column, List<Detail> details) {
        var cells = new Object[column.rows()];
        for (int row = 0; row < cells.length; row++) {
            var cell = column.at(row);
            if (cell == null) continue;
            cells[row] = kind.basic() == Kind.Basic.STRING ? text(cell) : number(cell);
            if (cells[row] != null) continue;
            details.add(new Detail("HTO-008", kind.name(), row, "a number", Shown.of(Moment.isTime(cell) ? cell.toString() : cell)));
            break;
        }
        return cells;
    }

    /** Returns a number of a cell; null where it is none. */
    private static Double number(Object cell) {
        if (cell instanceof Number number) return number.doubleValue();
        if (cell instanceof Numeral number) return number.nearest();
        if (cell instanceof Boolean truth) return truth ? 1.0 : 0.0;
        if (!(cell instanceof String text)) return null;
        var read = CsvCells.read(Type.Scalar.DOUBLE, text, false);
        return read instanceof String || read == null ? null : number(read);
    }

    /** Returns a cell as the text that it is in Python; the empty text is missing. */
    private static String text(Object cell) {
        if (cell instanceof Boolean truth) return truth ? "True" : "False";
        if (cell instanceof Numeral number) return number.isInteger() ? number.integer().toString() : PythonText.of(number.nearest());
        if (cell instanceof Double || cell instanceof Float) {
            double number = ((Number) cell).doubleValue();
            return Double.isNaN(number) ? "" : PythonText.of(number);
        }
        if (Moment.isTime(cell)) return cell.toString().replace('T', ' ');
        // Lists and the like are no categories; what they are in Python is none, too.
        return cell instanceof String || cell instanceof Number ? cell.toString() : JsonText.of(cell);
    }

    private Frame answered(Object[][] cells, int rows) {
        try {
            var told = mojo.answer(cells, rows);
            if (mojo.answers().get(0).basic() == Kind.Basic.STRING) told[0] = Labels.read(told[0]);
            return ScorerModel.frame(mojo.answers(), told);
        } catch (Fault fault) {
            throw failed(fault);
        }
    }

    private static MlmodelException failed(Fault fault) {
        var told = fault.told();
        if (!Fault.DATA.equals(told.get("kind"))) return Scoring.failed(fault);
        var cell = ((Map<?, ?>) told.get("cells")).entrySet().iterator().next();
        var message = "Column " + cell.getKey() + " has " + Shown.of(cell.getValue()) + " in row " + told.get("row")
            + ", which is not among the categories of the model; a linear model of H2O has no one answer to it (HTO-011).";
        return new MlmodelException(ErrorName.INVALID_INPUT, message,
            Collections.singletonList(new Detail("HTO-011", cell.getKey(), (Integer) told.get("row"), null, null)));
    }
}
