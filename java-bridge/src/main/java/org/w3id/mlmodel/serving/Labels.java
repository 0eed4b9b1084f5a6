package org.w3id.mlmodel.serving;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import org.w3id.mlmodel.json.Numeral;

/**
 * Classes as H2O's package for Python has them, which reads an answer's from CSV: those whose names are numbers, or
 * truth values, are such, and those that say that something is missing are missing (HTO-011).
 */
final class Labels {
    private Labels() {}

    /** Returns what the classes of an answer are. */
    static Object[] read(Object[] classes) {
        var held = new ArrayList<String>();
        for (var one : new LinkedHashSet<>(Arrays.asList(classes))) held.add((String) one);
        var read = typed(held, CsvCells.infer(held));
        var meant = new HashMap<Object, Object>();
        for (int at = 0; at < read.length; at++) meant.put(held.get(at), read[at]);
        return Arrays.stream(classes).map(meant::get).toArray();
    }

    /** Returns numbers of one type: whole ones where all are, and none is missing. */
    private static Object[] typed(List<String> held, Object[] read) {
        if (Arrays.stream(read).noneMatch(Numeral.class::isInstance)) return withoutMissing(read);
        boolean areWhole = Arrays.stream(read).allMatch(one -> one instanceof Numeral number && number.isInteger());
        if (!areWhole) return Arrays.stream(read).map(one -> one instanceof Numeral number ? (Object) number.nearest() : one).toArray();
        var whole = Arrays.stream(read).map(one -> ((Numeral) one).integer()).toList();
        boolean areSigned = whole.stream().allMatch(one -> one.bitLength() < Long.SIZE);
        boolean areUnsigned = whole.stream().allMatch(one -> one.bitLength() <= Long.SIZE && one.signum() >= 0);
        return areSigned || areUnsigned ? whole.toArray() : held.toArray();
    }

    private static Object[] withoutMissing(Object[] read) {
        return Arrays.stream(read).map(one -> one instanceof String text && CsvCells.isMissing(text) ? null : one).toArray();
    }
}
