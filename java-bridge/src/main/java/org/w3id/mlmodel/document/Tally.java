package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** How many violations of a rule were found, of which a report lists a hundred in a file (MLM-034). */
final class Tally {
    private static final int MOST = 100;

    private record Kind(String file, String rule, String severity) {}

    private final Map<Kind, Integer> counts = new LinkedHashMap<>();

    /** Counts a violation, and says whether it is one of those that are listed. */
    boolean lists(String rule, String severity) {
        return counts.merge(new Kind(null, rule, severity), 1, Integer::sum) <= MOST;
    }

    /** Adds the entries that stand for what is not listed, with the place of it all. */
    void rest(String file, Mark place, List<Violation> to) {
        counts.forEach((kind, count) -> {
            if (count > MOST) to.add(more(new Kind(file, kind.rule, kind.severity), count - MOST, place.line(), place.column()));
        });
    }

    private static Violation more(Kind kind, int number, Integer line, Integer column) {
        var message = "The rule is broken at least %s more in this file; %d are listed (MLM-034)."
            .formatted(number == 1 ? "once" : "%,d times".formatted(number), MOST);
        return new Violation(kind.rule, message, kind.file, line, column, null, kind.severity, number);
    }

    /** Returns violations in their order, of one rule in one file the first hundred; an entry behind them stands for the others. */
    static List<Violation> listed(List<Violation> all) {
        var kept = new LinkedHashMap<Kind, Integer>();
        var left = new LinkedHashMap<Kind, Integer>();
        var last = new LinkedHashMap<Kind, Integer>();
        var found = new ArrayList<Violation>();
        for (var one : new LinkedHashSet<>(all)) {
            var kind = new Kind(one.file(), one.rule(), one.severity());
            if (one.times() == 1 && kept.merge(kind, 1, Integer::sum) <= MOST) {
                last.put(kind, found.size());
                found.add(one);
            } else if (one.times() == 1) {
                left.merge(kind, 1, Integer::sum);
            } else {
                found.add(one);
            }
        }
        return inserted(found, last, left);
    }

    private static List<Violation> inserted(List<Violation> found, Map<Kind, Integer> last, Map<Kind, Integer> left) {
        var whole = new ArrayList<Violation>();
        for (int at = 0; at < found.size(); at++) {
            whole.add(found.get(at));
            int here = at;
            left.forEach((kind, number) -> {
                if (last.get(kind) == here) whole.add(more(kind, number, null, null));
            });
        }
        return whole;
    }
}
