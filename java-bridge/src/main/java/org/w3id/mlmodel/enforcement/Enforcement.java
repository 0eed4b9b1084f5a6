package org.w3id.mlmodel.enforcement;

import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.w3id.mlmodel.document.Delivery;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.JavaValues;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type;

/** Data without types held against the columns of a signature (spec/enforcement.md). */
public final class Enforcement {
    private final List<Spec> specs;
    private final List<Object> labels;
    private final List<Delivery.Column> delivery = new ArrayList<>();

    /** Makes what holds data against these columns, of which nothing is recorded beside their types. */
    public Enforcement(List<Spec> specs) {
        this(specs, Delivery.NONE);
    }

    /**
     * Makes what holds data against these columns, which may be asked from several threads.
     *
     * @param specs the inputs of a signature, of which there is at least one
     * @param delivery what a model gets of them beside their types
     */
    public Enforcement(List<Spec> specs, Delivery delivery) {
        if (specs == null || specs.isEmpty()) {
            throw new MlmodelException(ErrorName.INVALID_ARGUMENT, "There are no inputs to hold data against: the signature "
                + "declares none (SIG-002). A model without them takes data as they are.");
        }
        this.specs = List.copyOf(specs);
        labels = Matching.labels(specs);
        if (specs.get(0) instanceof Spec.Tensor) throw MlmodelException.input(List.of(Detail.of("ENF-074")));
        for (int at = 0; at < specs.size(); at++) this.delivery.add(recorded(specs.get(at), delivery.of(labels.get(at)), labels.get(at)));
    }

    /** Returns what is recorded of a column, which fits its type, and whose zone is known here. */
    private static Delivery.Column recorded(Spec spec, Delivery.Column recorded, Object label) {
        var type = Matching.typeOf(spec).kind();
        if (recorded != Delivery.Column.NONE && !recorded.fits(type)) {
            throw new MlmodelException(ErrorName.INVALID_ARGUMENT, "What is recorded of the column " + label
                + " does not fit its declared type, " + type + " (ENF-091).");
        }
        try {
            if (recorded.zone() != null) ZoneId.of(recorded.zone());
        } catch (DateTimeException error) {
            throw new MlmodelException(ErrorName.INVALID_ARGUMENT, "The model was made for times of the zone " + Shown.of(recorded.zone())
                + " in the column " + label + ", which Java does not know (ENF-092).");
        }
        return recorded;
    }

    /** Returns what is declared. */
    public List<Spec> specs() {
        return specs;
    }

    /** Returns whether names tell columns that have none by their numbers (ENF-111). */
    public boolean areNumbers(Iterable<?> names) {
        return Matching.areNumbers(specs, names);
    }

    /** Returns whether a list of objects, or one of them, is values of the only column (ENF-015). */
    public boolean takesObjects() {
        if (specs.size() != 1 || specs.get(0).name() != null) return false;
        var type = Matching.typeOf(specs.get(0));
        return !(type instanceof Type.Scalar) && !(type instanceof Type.ListOf);
    }

    /**
     * Reads plain values: records, rows, columns, one row, or values of one column.
     *
     * <p>They are what {@link org.w3id.mlmodel.json.Json} gives; of a program also numbers of Java's own classes, by the
     * rules for literals, {@code byte[]} for binary, and arrays as lists. Another class is refused by its name.
     */
    public List<Column> read(Object data, Source source) {
        var details = new ArrayList<Detail>();
        return read(PlainForms.table(specs, plain(data, source), details), source, details);
    }

    /** Reads records, one for each row. */
    public List<Column> readRecords(List<?> records, Source source) {
        var details = new ArrayList<Detail>();
        return read(PlainForms.records(specs, (List<?>) plain(given(records), source), details), source, details);
    }

    /** Reads a table. */
    public List<Column> read(Table table, Source source) {
        given(table);
        return read(isProgram(source) ? plain(table) : table, source, new ArrayList<>());
    }

    private static <T> T given(T data) {
        if (data != null) return data;
        throw new MlmodelException(ErrorName.INVALID_ARGUMENT, "There are no data: null is no table. Give records, rows or columns.");
    }

    /** Returns values of a program as plain ones; what was read from a text is plain. */
    private static Object plain(Object data, Source source) {
        return isProgram(source) ? JavaValues.plain(data) : data;
    }

    private static boolean isProgram(Source source) {
        if (source != null) return source == Source.PROGRAM;
        throw new MlmodelException(ErrorName.INVALID_ARGUMENT, "It is not said where the data come from: give Source.PROGRAM for "
            + "values of a program.");
    }

    private static Table plain(Table table) {
        return new Table(table.names(), table.width(), table.rows(), position -> {
            var cells = table.column().apply(position);
            return row -> cells.at(row) == Cells.ABSENT ? Cells.ABSENT : JavaValues.plain(cells.at(row));
        });
    }

    private List<Column> read(Table table, Source source, List<Detail> details) {
        var positions = Matching.of(specs, table.names(), table.width(), details);
        var told = new HashMap<Object, Set<String>>();
        for (var one : details) told.computeIfAbsent(one.column(), column -> new HashSet<>()).add(one.rule());
        var columns = new ArrayList<Column>();
        for (int at = 0; at < positions.length; at++) {
            var spec = (Spec.Column) specs.get(at);
            Cells cells = positions[at] == null ? row -> Cells.ABSENT : table.column().apply(positions[at]);
            var reader = new ColumnReader(spec, delivery.get(at), cells, table.rows());
            columns.add(reader.column());
            reader.tell(labels.get(at), told.getOrDefault(labels.get(at), Set.of()), source, details);
        }
        if (details.isEmpty()) return columns;
        throw Matching.refused(specs, details);
    }
}
