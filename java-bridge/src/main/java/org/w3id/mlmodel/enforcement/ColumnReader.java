package org.w3id.mlmodel.enforcement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.w3id.mlmodel.document.Delivery;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type.Scalar;

/** Reads the cells of one column at its declared type; at most one fault per rule and declared place is told. */
final class ColumnReader {
    /** A rule, and the place within a cell. */
    private record Place(String rule, List<String> at) {}

    private record First(Fault.One fault, int row) {}

    /** What reads one cell that is there into its place. */
    private interface Step {
        void read(Object cell, int row) throws Fault;
    }

    private final Spec.Column spec;
    private final Delivery.Column delivery;
    private final BitSet missing = new BitSet();
    private final Map<Place, First> faults = new LinkedHashMap<>();

    private final Object values;

    /** Reads a column. */
    ColumnReader(Spec.Column spec, Delivery.Column delivery, Cells cells, int rows) {
        this.spec = spec;
        this.delivery = delivery;
        values = values(cells, rows);
    }

    /** Returns what was read; of cells that are wrong it says nothing. */
    Column column() {
        return new Column(spec.name(), spec.type(), values, missing, delivery);
    }

    private Object values(Cells cells, int rows) {
        if (!(spec.type() instanceof Scalar type)) return objects(cells, rows);
        boolean required = spec.required();
        switch (type) {
            case BOOLEAN -> {
                var truths = new boolean[rows];
                return each(type, cells, rows, truths, (cell, row) -> truths[row] = Scalars.truth(cell));
            }
            case INTEGER -> {
                var numbers = new int[rows];
                return each(type, cells, rows, numbers, (cell, row) -> numbers[row] = (int) Scalars.whole(type, cell, required));
            }
            case LONG -> {
                var numbers = new long[rows];
                return each(type, cells, rows, numbers, (cell, row) -> numbers[row] = Scalars.whole(type, cell, required));
            }
            case FLOAT -> {
                var numbers = new float[rows];
                Arrays.fill(numbers, Float.NaN);
                return floats(each(type, cells, rows, numbers, (cell, row) -> numbers[row] = (float) Scalars.floating(type, cell)));
            }
            case DOUBLE -> {
                var numbers = new double[rows];
                Arrays.fill(numbers, Double.NaN);
                return floats(each(type, cells, rows, numbers, (cell, row) -> numbers[row] = Scalars.floating(type, cell)));
            }
            case DATETIME -> {
                var moments = new long[rows];
                return each(type, cells, rows, moments, (cell, row) -> moments[row] = Scalars.moment(cell));
            }
            case STRING -> {
                var texts = new Object[rows];
                return each(type, cells, rows, texts, (cell, row) -> texts[row] = Scalars.text(cell));
            }
            default -> {
                var held = new Object[rows];
                return each(type, cells, rows, held, (cell, row) -> held[row] = Scalars.bytes(cell));
            }
        }
    }

    /** Of floats NaN says what is missing, and nothing else does. */
    private Object floats(Object numbers) {
        missing.clear();
        return numbers;
    }

    private Object each(Scalar type, Cells cells, int rows, Object values, Step step) {
        for (int row = 0; row < rows; row++) {
            var cell = cells.at(row);
            try {
                if (cell == Cells.ABSENT || Scalars.isMissing(type, cell, spec.required())) {
                    missing.set(row);
                } else {
                    step.read(cell, row);
                }
            } catch (Fault fault) {
                note(fault, row);
            }
        }
        return values;
    }

    private Object objects(Cells cells, int rows) {
        var values = new Object[rows];
        for (int row = 0; row < rows; row++) {
            var cell = cells.at(row);
            try {
                values[row] = cell == Cells.ABSENT ? null : Values.read(spec.type(), cell, spec.required());
            } catch (Fault fault) {
                note(fault, row);
            }
            if (values[row] == null) missing.set(row);
        }
        return values;
    }

    private void note(Fault fault, int row) {
        for (var one : fault.all()) faults.putIfAbsent(new Place(one.rule(), one.at()), new First(one, row));
    }

    /** Adds what is wrong to {@code details}, but for the rules of which it was told before. */
    void tell(Object label, Set<String> told, Source source, List<Detail> details) {
        var ordered = new ArrayList<>(faults.values());
        ordered.sort(Comparator.comparing(one -> one.fault().at(), ColumnReader::compare));
        if (ordered.isEmpty() && delivery.isDays()) tellTimes(label, details);
        for (var one : ordered) {
            var fault = one.fault();
            if (told.contains(fault.rule())) continue;
            var rule = source.rule(fault.rule(), fault.type());
            details.add(new Detail(rule, label, one.row(), fault.type().kind(), Shown.of(fault.value())));
        }
    }

    /** Adds the first time that is within a day (ENF-094). */
    private void tellTimes(Object label, List<Detail> details) {
        var moments = (long[]) values;
        for (int row = 0; row < moments.length; row++) {
            var moment = new Moment(moments[row]);
            if (missing.get(row) || moment.day() != null) continue;
            details.add(new Detail("ENF-094", label, row, "a day, and no time within one", Shown.of(moment.toString())));
            return;
        }
    }

    /** The order of two places: by the first name that differs, and the shorter before the longer. */
    private static int compare(List<String> one, List<String> other) {
        for (int at = 0; at < Math.min(one.size(), other.size()); at++) {
            int differs = one.get(at).compareTo(other.get(at));
            if (differs != 0) return differs;
        }
        return Integer.compare(one.size(), other.size());
    }
}
