package org.w3id.mlmodel.serving;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.bridge.Fault;
import org.w3id.mlmodel.bridge.Kind;
import org.w3id.mlmodel.bridge.Scorer;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.enforcement.NestedArray;
import org.w3id.mlmodel.enforcement.Shown;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type;

/** A bundle of MLeap behind a signature: its own, where the model declares none. */
final class ScorerModel implements Model {
    private final Scorer scorer;
    private final Signature signature;
    private final boolean isDeclared;
    private final List<Kind> answers;

    ScorerModel(Scorer scorer, Signature signature) {
        this.scorer = scorer;
        requireColumns(signature, "a bundle");
        isDeclared = signature != null && signature.inputs() != null;
        this.signature = isDeclared ? signature : signatureOf(scorer, signature);
        answers = scorer.answers();
    }

    /** Goes on where a signature declares no tensors. */
    static void requireColumns(Signature signature, String who) {
        if (signature == null || signature.inputs() == null || !(signature.inputs().get(0) instanceof Spec.Tensor)) return;
        throw new MlmodelException(ErrorName.INVALID_MODEL, "The signature declares tensors, which " + who + " does not take.");
    }

    /** Where the model itself declares no inputs, there is no signature to break. */
    @Override
    public MlmodelException refused(List<Detail> details) {
        return isDeclared ? MlmodelException.input(details) : MlmodelException.input("The input is not what the model takes", details);
    }

    @Override
    public Signature signature() {
        return signature;
    }

    private static Signature signatureOf(Scorer scorer, Signature declared) {
        var inputs = new ArrayList<Spec>();
        for (var kind : scorer.inputs()) inputs.add(new Spec.Column(kind.name(), type(kind), !scorer.takesNull(kind)));
        return new Signature(inputs, null, declared == null ? List.of() : declared.params());
    }

    private static Type type(Kind kind) {
        Type type = switch (kind.basic()) {
            case BOOLEAN -> Type.Scalar.BOOLEAN;
            case BYTE, SHORT, INT -> Type.Scalar.INTEGER;
            case LONG -> Type.Scalar.LONG;
            case FLOAT -> Type.Scalar.FLOAT;
            case DOUBLE -> Type.Scalar.DOUBLE;
            case STRING -> Type.Scalar.STRING;
            case BYTES -> Type.Scalar.BINARY;
        };
        int depth = kind.shape() == Kind.Shape.SCALAR ? 0 : Math.max(1, kind.dimensions().size());
        for (int at = 0; at < depth; at++) type = new Type.ListOf(type);
        return type;
    }

    @Override
    public Object predict(Frame frame, Object value, Map<String, Object> params) {
        var details = new ArrayList<Detail>();
        var inputs = scorer.inputs();
        var cells = new Object[inputs.size()][];
        // The columns of a bundle are in no order that anybody chose.
        var columns = new Features(inputs, frame, false);
        for (int at = 0; at < cells.length; at++) cells[at] = cells(inputs.get(at), columns.column(at), frame.rows(), details);
        if (!details.isEmpty()) throw refused(details);
        return answered(cells, frame.rows());
    }

    private Object[] cells(Kind kind, Column column, int rows, List<Detail> details) {
        if (column == null) {
            details.add(new Detail("MLP-007", kind.name(), null, type(kind).kind(), "a signature without it"));
            return null;
        }
        boolean takesNull = scorer.takesNull(kind);
        boolean takesNan = scorer.takesNan(kind);
        var cells = new Object[rows];
        for (int row = 0; row < rows; row++) {
            var cell = column.at(row);
            boolean isNan = cell instanceof Double one && one.isNaN() || cell instanceof Float other && other.isNaN();
            if (isNan && takesNull && !takesNan) cell = null;
            if (cell == null ? !takesNull : isNan && !takesNan) {
                details.add(new Detail("MLP-008", kind.name(), row, "a value, which a stage needs", "null"));
                return null;
            }
            cells[row] = cell == null ? null : fitting(kind, cell);
            if (cells[row] != null || cell == null) continue;
            details.add(new Detail("MLP-007", kind.name(), row, words(kind), Shown.of(cell)));
            return null;
        }
        return cells;
    }

    private static String words(Kind kind) {
        var basic = kind.basic().name().toLowerCase(java.util.Locale.ROOT);
        if (kind.shape() == Kind.Shape.SCALAR) return basic;
        return kind.shape().name().toLowerCase(java.util.Locale.ROOT) + " of " + basic + " " + kind.dimensions();
    }

    /** Returns a cell in MLeap's own type, a list or tensor as an array; null where that does not hold it. */
    static Object fitting(Kind kind, Object cell) {
        if (kind.shape() == Kind.Shape.SCALAR) return scalar(kind.basic(), cell);
        var lengths = lengths(kind);
        var given = cell instanceof List ? NestedArray.of(cell) : null;
        if (given == null || !NestedArray.isOf(given.shown(lengths).shape(), lengths)) return null;
        var cells = new ArrayList<Object>(given.cells().size());
        for (var one : given.cells()) {
            var value = one == null ? null : scalar(kind.basic(), one);
            if (value == null) return null;
            cells.add(value);
        }
        return new NestedArray(given.shown(lengths).shape(), cells);
    }

    /** Returns the lengths of the axes, of which -1 is any. */
    private static List<Long> lengths(Kind kind) {
        boolean isOne = kind.shape() == Kind.Shape.LIST || kind.dimensions().isEmpty();
        return isOne ? List.of(-1L) : kind.dimensions().stream().map(Integer::longValue).toList();
    }

    private static Object scalar(Kind.Basic basic, Object cell) {
        return switch (basic) {
            case BOOLEAN -> cell instanceof Boolean ? cell : null;
            case STRING -> cell instanceof String ? cell : null;
            case BYTES -> cell instanceof byte[] ? cell : null;
            default -> cell instanceof Number number ? number(basic, number) : null;
        };
    }

    /** Returns a number in another type, if it is the same there. */
    private static Object number(Kind.Basic basic, Number given) {
        Number read = switch (basic) {
            case BYTE -> given.byteValue();
            case SHORT -> given.shortValue();
            case INT -> given.intValue();
            case LONG -> given.longValue();
            case FLOAT -> given.floatValue();
            default -> given.doubleValue();
        };
        boolean isSame = given.getClass() == read.getClass() || isSame(given, read);
        return isSame ? read : null;
    }

    private static boolean isSame(Number given, Number read) {
        if (Double.isNaN(given.doubleValue()) || Double.isInfinite(given.doubleValue())) {
            return Double.compare(given.doubleValue(), read.doubleValue()) == 0;
        }
        return !Double.isInfinite(read.doubleValue()) && exact(given).compareTo(exact(read)) == 0;
    }

    private static BigDecimal exact(Number number) {
        boolean isFloating = number instanceof Double || number instanceof Float;
        return isFloating ? new BigDecimal(number.doubleValue()) : BigDecimal.valueOf(number.longValue());
    }

    private Frame answered(Object[][] cells, int rows) {
        try {
            return frame(answers, scorer.answer(cells, rows));
        } catch (Fault fault) {
            throw failed(fault);
        }
    }

    /** Returns answers as a table. */
    static Frame frame(List<Kind> kinds, Object[][] told) {
        var names = new ArrayList<String>();
        var columns = new ArrayList<Column>();
        for (int at = 0; at < told.length; at++) {
            names.add(kinds.get(at).name());
            columns.add(new Column(kinds.get(at).name(), Type.Opaque.ANY, told[at], missing(told[at])));
        }
        return new Frame(names, columns, false);
    }

    private static BitSet missing(Object[] cells) {
        var missing = new BitSet();
        for (int row = 0; row < cells.length; row++) if (cells[row] == null) missing.set(row);
        return missing;
    }

    /** Returns the error for a fault: of data it names the stage, the row and the cells (MLP-009). */
    private static MlmodelException failed(Fault fault) {
        var told = fault.told();
        if (!Fault.DATA.equals(told.get("kind"))) return Scoring.failed(fault);
        var cells = (Map<?, ?>) told.get("cells");
        var column = cells.isEmpty() ? null : cells.keySet().iterator().next();
        var message = "The stage " + told.get("stage") + " (" + told.get("model") + ") does not take row " + told.get("row")
            + ", whose cells are " + cells + ": " + fault.getMessage() + " (MLP-009).";
        var detail = new Detail("MLP-009", column, (Integer) told.get("row"), null, null);
        return new MlmodelException(ErrorName.INVALID_INPUT, message, List.of(detail));
    }
}
