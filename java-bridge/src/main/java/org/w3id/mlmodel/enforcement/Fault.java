package org.w3id.mlmodel.enforcement;

import java.util.ArrayList;
import java.util.List;
import org.w3id.mlmodel.signature.Type;

/** Why a cell is refused: a rule, or several at places within the cell. */
final class Fault extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * One thing that is wrong.
     *
     * @param rule the rule that is broken
     * @param at the names of the properties that lead there, and the empty text for an item
     * @param type what was due
     * @param value what was given
     */
    record One(String rule, List<String> at, Type type, Object value) {}

    private final transient List<One> all;

    Fault(String rule, Type type, Object value) {
        this(List.of(new One(rule, List.of(), type, value)));
    }

    /** Faults are for cells, of which there may be many: they know no stack. */
    Fault(List<One> all) {
        super(all.get(0).rule(), null, false, false);
        this.all = all;
    }

    List<One> all() {
        return all;
    }

    /** Returns the faults, with a name before their places. */
    List<One> below(String name) {
        var found = new ArrayList<One>();
        for (var one : all) {
            var at = new ArrayList<String>();
            at.add(name);
            at.addAll(one.at());
            found.add(new One(one.rule(), at, one.type(), one.value()));
        }
        return found;
    }
}
