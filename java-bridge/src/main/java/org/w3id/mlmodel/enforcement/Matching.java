package org.w3id.mlmodel.enforcement;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type;

/** Which given column stands for which declared one (ENF-001, ENF-004 to ENF-013, ENF-111). */
final class Matching {
    private final List<Spec> specs;
    private final Integer[] positions;
    private final List<Detail> details;

    private Matching(List<Spec> specs, List<Detail> details) {
        this.specs = specs;
        this.details = details;
        positions = new Integer[specs.size()];
    }

    /** Returns where each declared column stands, null where it is not given; what is wrong goes to details. */
    static Integer[] of(List<Spec> specs, List<?> names, int width, List<Detail> details) {
        var matching = new Matching(specs, details);
        matching.match(names, width);
        return matching.positions;
    }

    /** Returns whether names tell inputs that have none by their numbers (ENF-111). */
    static boolean areNumbers(List<Spec> specs, Iterable<?> names) {
        if (specs.stream().anyMatch(one -> one.name() != null)) return false;
        var times = new HashMap<String, Integer>();
        for (var name : names) times.merge(String.valueOf(name), 1, Integer::sum);
        for (int at = 0; at < specs.size(); at++) {
            if (times.getOrDefault(String.valueOf(at), 0) != 1) return false;
        }
        return true;
    }

    private void match(List<?> names, int width) {
        if (!Signature.haveNames(specs)) {
            if (names != null && areNumbers(specs, names)) byNumber(names);
            else byPosition(names, width);
        } else if (names != null) {
            byName(names);
        } else if ((specs.size() == 1 && width == 1) || areNumbered()) {
            byPosition(null, width);
        } else {
            details.add(new Detail("ENF-011", null, null, "inputs with names", width + " without names"));
        }
    }

    /** Returns whether the declared names are the numbers of the columns, which are no names (ENF-012). */
    private boolean areNumbered() {
        for (int at = 0; at < specs.size(); at++) {
            if (!(specs.get(at).name() instanceof Long number) || number != at) return false;
        }
        return true;
    }

    private void byNumber(List<?> names) {
        var places = new HashMap<String, Integer>();
        for (int at = 0; at < names.size(); at++) places.put(String.valueOf(names.get(at)), at);
        for (int spec = 0; spec < positions.length; spec++) positions[spec] = places.get(String.valueOf(spec));
    }

    private void byPosition(List<?> names, int width) {
        for (int at = 0; at < positions.length; at++) {
            if (at < width) positions[at] = at;
            var declared = specs.get(at).name();
            boolean differs = names != null && at < width && declared != null
                && names.get(at) instanceof String given && !given.equals(String.valueOf(declared));
            if (differs) {
                details.add(new Detail("ENF-013", declared, null, Shown.of(declared), Shown.of(names.get(at))));
            }
        }
        if (specs.stream().skip(width).anyMatch(Spec::required)) {
            details.add(new Detail("ENF-009", width, null, specs.size() + " inputs", width + " inputs"));
        }
    }

    private void byName(List<?> names) {
        var places = new HashMap<Object, Integer>();
        var times = new HashMap<Object, Integer>();
        for (int at = 0; at < names.size(); at++) {
            var name = number(names.get(at));
            places.put(name, at);
            times.merge(name, 1, Integer::sum);
        }
        var given = new Given(places.keySet());
        int missing = 0;
        int before = details.size();
        for (int at = 0; at < positions.length; at++) {
            missing += named(at, places, times, given) ? 0 : 1;
        }
        if (!names.isEmpty() && details.size() == before && missing == specs.size()) {
            details.add(strange(specs, names.get(0), null));
        }
    }

    /** Returns whether a declared column is given. */
    private boolean named(int at, Map<Object, Integer> places, Map<Object, Integer> times, Given given) {
        var spec = specs.get(at);
        // A name that is declared as a number is matched by its text, too (ENF-012); one that is a text by itself alone.
        var name = places.containsKey(spec.name()) ? spec.name() : String.valueOf(spec.name());
        positions[at] = places.get(name);
        if (positions[at] == null && spec.required()) details.add(missing(spec, at, null, given));
        if (times.getOrDefault(name, 0) > 1) {
            details.add(new Detail("ENF-007", spec.name(), null, kind(spec), times.get(name) + " times"));
        }
        return positions[at] != null;
    }

    /** Returns a name of a program or of JSON as a declared one would be: of numbers the whole ones are names (ENF-012). */
    private static Object number(Object name) {
        if (!(name instanceof Number number)) return name;
        try {
            return new BigDecimal(number.toString()).longValueExact();
        } catch (NumberFormatException | ArithmeticException error) { // NaN, a fraction, beyond 64 bits
            return name;
        }
    }

    /** The names that are given, looked through once, however many are missing (RST-109). */
    static final class Given {
        private final int count;
        private final Map<String, String> inSmallLetters = new HashMap<>();

        Given(Collection<?> names) {
            count = names.size();
            for (var name : names) inSmallLetters.put(String.valueOf(name).toLowerCase(Locale.ROOT), String.valueOf(name));
        }

        /** Returns what is given in the place of a name: one in other letters is told. */
        private String insteadOf(Object name, boolean isKey) {
            var near = inSmallLetters.get(String.valueOf(name).toLowerCase(Locale.ROOT));
            var what = isKey ? "no such key" : count + (count == 1 ? " input" : " inputs");
            return near == null ? what : what + "; is " + Shown.of(near) + " meant?";
        }
    }

    /** Returns the detail of a required column that is not there; {@code row} is that of a record without its key. */
    static Detail missing(Spec spec, int position, Integer row, Given names) {
        var got = names.insteadOf(spec.name(), row != null);
        return new Detail("ENF-004", spec.label(position), row, kind(spec), got);
    }

    /** Returns the detail of names of which none is declared, though all may be absent (ENF-112). */
    static Detail strange(List<Spec> specs, Object name, Integer row) {
        var declared = specs.stream().limit(8).map(one -> Shown.of(one.name())).toList();
        return new Detail("ENF-112", null, row, "one of " + String.join(", ", declared), Shown.of(name));
    }

    private static String kind(Spec spec) {
        return spec instanceof Spec.Column column ? column.type().kind() : ((Spec.Tensor) spec).dtype();
    }

    /** Returns what details call each of the declared. */
    static List<Object> labels(List<Spec> specs) {
        var labels = new ArrayList<Object>();
        for (int at = 0; at < specs.size(); at++) labels.add(specs.get(at).label(at));
        return labels;
    }

    /** Returns the error of data that contradict what is declared: what is wrong, in the order of that (ENF-003). */
    static MlmodelException refused(List<Spec> specs, List<Detail> details) {
        var labels = labels(specs);
        var places = new HashMap<Object, Integer>();
        for (int at = 0; at < labels.size(); at++) places.putIfAbsent(labels.get(at), at);
        details.sort(Comparator.comparingInt(one -> places.getOrDefault(one.column(), -1)));
        return MlmodelException.input(details);
    }

    /** Returns the type of a column; a tensor is none. */
    static Type typeOf(Spec spec) {
        return ((Spec.Column) spec).type();
    }
}
