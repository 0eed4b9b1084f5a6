package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The keys of the MLmodel file: its schema, flavors, times, forms, early names (MLM rules). */
final class FileRules {
    private static final String EARLY_TIME = "time_created";
    private static final String TIME = "utc_time_created";

    private final Document document;
    private final List<Violation> found = new ArrayList<>();

    private FileRules(Document document) {
        this.document = document;
    }

    /** Returns what the file's own keys break. */
    static List<Violation> check(Document document, List<Described> described) {
        var rules = new FileRules(document);
        rules.found.addAll(schema(document, "mlmodel", List.of(), document.data()));
        rules.flavors();
        rules.found.addAll(unknownKeys(document, described));
        rules.forms(described);
        rules.times();
        rules.examples();
        return rules.found;
    }

    /** Returns what the value at a path breaks of a schema. */
    static List<Violation> schema(Document document, String name, List<?> path, Object value) {
        return SchemaCheck.of(name).findings(value, path).stream().map(one -> document.violation(one.rule(), one.message(),
            Pointers.below(path, one.path().toArray()), Violation.ERROR, one.atKey())).toList();
    }

    /** Returns the keys that no schema lists, where one says that this is worth a warning. */
    static List<Violation> unknownKeys(Document document, List<Described> described) {
        var found = new ArrayList<Violation>();
        for (var item : described) {
            var rule = item.schema().path("x-unknown-keys");
            if (rule.isMissingNode() || !(item.value() instanceof Map<?, ?> members)) continue;
            for (var key : members.keySet()) {
                boolean isListed = key instanceof String text && item.schema().path("properties").has(text);
                if (!isListed) found.add(unknownKey(document, rule.stringValue(), Pointers.below(item.path(), key)));
            }
        }
        return found;
    }

    static Violation unknownKey(Document document, String rule, List<Object> path) {
        var message = "The key " + Texts.quoted(String.valueOf(path.get(path.size() - 1))) + " is not part of the format; it is kept.";
        return document.violation(rule, message, path, Violation.WARNING, true);
    }

    private void flavors() {
        document.flavors().forEach((name, keys) -> {
            var schema = Schemas.flavor(name);
            var path = List.of("flavors", name);
            if (schema.isMissingNode()) {
                found.add(document.violation("MLM-012", "The flavor " + Texts.quoted(String.valueOf(name))
                    + " is not known here: its keys are kept, but neither they nor the files that they name were checked.",
                    path, Violation.WARNING, true));
            } else if (keys instanceof Map<?, ?>) {
                found.addAll(schema(document, Schemas.nameOfFlavor(name), path, keys));
            }
        });
    }

    private void forms(List<Described> described) {
        for (var item : described) {
            var form = item.schema().path("x-form");
            if (form.isMissingNode() || !(item.value() instanceof String text)) continue;
            if (isOf(form.get("pattern").stringValue(), text)) continue;
            var what = form.path("secret").asBoolean(false) ? "The text here" : Texts.quoted(text);
            var message = what + " is not " + form.get("expected").stringValue() + "; it is kept as it is.";
            found.add(document.warning(form.get("rule").stringValue(), message, item.path()));
        }
    }

    /** Whether a text is as a whole of a pattern; one for which Java's expressions recurse too deep is not. */
    private static boolean isOf(String pattern, String text) {
        try {
            return Pattern.matches(pattern, text);
        } catch (StackOverflowError error) {
            return false;
        }
    }

    private static boolean isSaid(Object value) {
        return value != null && !Plain.isEmpty(value) && !Boolean.FALSE.equals(value) && !Long.valueOf(0).equals(value);
    }

    private void times() {
        var early = document.data().get(EARLY_TIME);
        var today = document.data().get(TIME);
        form(EARLY_TIME, early);
        form(TIME, today);
        if (!isSaid(early) || !isSaid(today) || Times.areSame(early, today)) return;
        found.add(document.violation("MLM-009", "time_created and utc_time_created are one field under two names, and their "
            + "values differ: %s and %s. Remove one.".formatted(Texts.shown(early), Texts.shown(today)),
            List.of(TIME), Violation.ERROR, true));
    }

    private void form(String key, Object value) {
        if (!(value instanceof String text) || text.isEmpty() || Times.moment(text) != null) return;
        found.add(document.warning("MLM-010", Texts.quoted(text)
            + " is not a date and time in a known form (such as 2024-07-24 11:58:39.776546); it is kept as text.", List.of(key)));
    }

    /** Notes an early name of the example that contradicts today's (MLM-023). */
    private void examples() {
        var today = Document.mapping(document.data().get("saved_input_example_info")).get("artifact_path");
        if (!(document.data().get("input_example") instanceof String early) || !(today instanceof String name)) return;
        if (early.equals(name)) return;
        var message = "input_example names %s, and saved_input_example_info names %s, which is the one that is read. "
            + "Remove the key input_example.";
        found.add(document.warning("MLM-023", message.formatted(Texts.quoted(early), Texts.quoted(name)), List.of("input_example")));
    }
}
