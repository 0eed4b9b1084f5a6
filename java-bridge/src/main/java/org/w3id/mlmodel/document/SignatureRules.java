package org.w3id.mlmodel.document;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The JSON texts of the signature: form, types, names (SIG-001 to SIG-008, SIG-020). */
final class SignatureRules {
    private static final int MOST_KNOWN = 1_000;
    private static final Map<String, String> SPECS = new LinkedHashMap<>();

    static {
        SPECS.put("inputs", "spec");
        SPECS.put("outputs", "spec");
        SPECS.put("params", "param");
    }

    private final Document document;
    private final String key;
    private final List<Object> path;
    private final Map<Object, List<SchemaCheck.Finding>> known = new HashMap<>();
    private final Tally tally = new Tally();
    private final List<Violation> found = new ArrayList<>();

    private SignatureRules(Document document, String key) {
        this.document = document;
        this.key = key;
        path = List.of("signature", key);
    }

    /** Returns what the texts of the signature break, at the places in the file. */
    static List<Violation> check(Document document) {
        var found = new ArrayList<Violation>();
        if (!(document.data().get("signature") instanceof Map<?, ?> held)) return found;
        for (var key : SPECS.keySet()) {
            if (held.get(key) instanceof String) found.addAll(new SignatureRules(document, key).violations());
        }
        return found;
    }

    private List<Violation> violations() {
        var text = document.jsonText(path);
        if (text == null) return found;
        if (text.root == null) {
            found.add(notJson("The text is not JSON: " + text.error + ".", path, text.errorOffset));
            return found;
        }
        for (var again : text.repeated) {
            if (!tally.lists("SIG-001", Violation.ERROR)) continue;
            var last = again.path().get(again.path().size() - 1).toString();
            found.add(notJson("The key " + Texts.quoted(last) + " appears twice in one JSON object.",
                Pointers.below(path, again.path().toArray()), again.offset()));
        }
        value(text.root.plain());
        tally.rest(document.file(), document.locate(path, false), found);
        return found;
    }

    /** A fault of the JSON itself, at a character of the text. */
    private Violation notJson(String message, List<Object> at, int offset) {
        var place = document.placeInJson(path, offset);
        return new Violation("SIG-001", message, document.file(), place.line(), place.column(), Pointers.shown(at), Violation.ERROR, 1);
    }

    private void value(Object value) {
        if (!(value instanceof List<?> specs) || specs.isEmpty()) {
            add(SchemaCheck.ofSignature(key).findings(value, path), List.of());
            return;
        }
        var definition = SPECS.get(key);
        for (int index = 0; index < specs.size(); index++) spec(definition, specs.get(index), index);
        var names = new ArrayList<Object>();
        specs.forEach(one -> names.add(nameOf(one)));
        repeatedNames(names);
        if (!definition.equals("param")) mixtures(specs, names);
    }

    private void add(List<SchemaCheck.Finding> findings, List<?> below) {
        for (var one : findings) {
            if (!tally.lists(one.rule(), Violation.ERROR)) continue;
            var at = Pointers.below(Pointers.below(path, below.toArray()), one.path().toArray());
            found.add(document.violation(one.rule(), one.message(), at, Violation.ERROR, one.atKey()));
        }
    }

    /** Returns what a spec breaks; of those that differ in the text of their name, one is checked. */
    private List<SchemaCheck.Finding> findings(String definition, Object spec) {
        var check = SchemaCheck.ofSignature(definition);
        if (!(spec instanceof Map<?, ?> keys) || !(keys.get("name") instanceof String)) return check.findings(spec, List.of());
        var alike = new HashMap<Object, Object>(keys);
        alike.put("name", "");
        if (known.size() > MOST_KNOWN) known.clear();
        return known.computeIfAbsent(alike, one -> check.findings(spec, List.of()));
    }

    private void spec(String definition, Object spec, int index) {
        add(findings(definition, spec), List.of(index));
        var schema = Schemas.load("signature").get("$defs").get(definition);
        for (var name : Document.mapping(spec).keySet()) {
            var rule = schema.get("x-unknown-keys").stringValue();
            if (schema.get("properties").has(name.toString()) || !tally.lists(rule, Violation.WARNING)) continue;
            found.add(FileRules.unknownKey(document, rule, Pointers.below(path, index, name)));
        }
    }

    /** Returns a name as it counts: 1.0 is the number 1 (SIG-001); null where it is none. */
    private static Object nameOf(Object spec) {
        var name = Document.mapping(spec).get("name");
        if (name instanceof String || name instanceof Boolean) return name;
        if (name instanceof Long || name instanceof BigInteger) return Keys.of(name);
        return name instanceof Double number && number == Math.rint(number) ? Keys.of(number) : null;
    }

    private void repeatedNames(List<Object> names) {
        var first = new HashMap<Object, Integer>();
        var rule = key.equals("params") ? "SIG-008" : "SIG-004";
        for (int index = 0; index < names.size(); index++) {
            var name = names.get(index);
            var before = name == null ? null : first.putIfAbsent(name, index);
            if (before == null || !tally.lists(rule, Violation.ERROR)) continue;
            found.add(document.error(rule, "The name %s appears twice, at %d and %d."
                .formatted(Texts.quoted(name.toString()), before, index), Pointers.below(path, index, "name")));
        }
    }

    static boolean isTensor(Object spec) {
        var keys = Document.mapping(spec);
        return keys.containsKey("tensor-spec") || keys.containsKey("dtype") || "tensor".equals(keys.get("type"));
    }

    /** Notes columns among tensors, and names that only some have. */
    private void mixtures(List<?> specs, List<Object> names) {
        boolean isFirst = isTensor(specs.get(0));
        boolean hasTensors = specs.stream().anyMatch(SignatureRules::isTensor);
        for (int index = 1; index < specs.size(); index++) {
            if (isTensor(specs.get(index)) == isFirst) continue;
            found.add(document.error("SIG-002", "The list mixes columns and tensors; a signature has only one of the two kinds.",
                Pointers.below(path, index)));
            break;
        }
        long unnamed = names.stream().filter(Objects::isNull).count();
        if (unnamed > 0 && unnamed < names.size()) {
            partlyNamed(names, unnamed, hasTensors);
        } else if (specs.stream().allMatch(SignatureRules::isTensor) && names.size() > 1 && unnamed > 0) {
            found.add(document.error("SIG-005", "The list has several tensors; each needs a name.", Pointers.below(path, 0)));
        }
    }

    private void partlyNamed(List<Object> names, long unnamed, boolean areTensors) {
        var at = Pointers.below(path, names.indexOf(null));
        var message = unnamed + " of " + names.size() + " have no name; name all or none.";
        if (areTensors) found.add(document.error("SIG-005", message, at));
        else found.add(document.warning("SIG-020", message + " Until then all are matched by position.", at));
    }
}
