package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * From the tree of nodes to plain values, guided by the schema (MLM-003 to MLM-006).
 *
 * <p>A scalar whose schema says that it is a text is read as it is written, so that
 * {@code python_version: 3.10} is not 3.1; everything else is what YAML 1.1 makes of it.
 */
final class Builder {
    private static final Set<String> MAPPINGS = Set.of("!", Scalars.PREFIX + "map", Scalars.PREFIX + "set");
    private static final Set<String> LISTS = Set.of("!", Scalars.PREFIX + "seq");
    private static final int SHOWN_TAG = 80;

    /** What was wrong on the way; the file's name is put in by the document. */
    final List<Violation> problems = new ArrayList<>();
    private final List<Object> path = new ArrayList<>();
    private final String file;

    Builder(String file) {
        this.file = file;
    }

    /** Returns the value of a node; recursion is bounded by the limits of reading. */
    Object build(Node node, JsonNode schema) {
        switch (node.kind) {
            case SCALAR:
                return scalar(node, Schemas.branch(schema, "string"));
            case LIST:
                if (node.tag != null && !LISTS.contains(node.tag)) foreignTag(node);
                return list(node, Schemas.branch(schema, "array"));
            default:
                if (node.tag != null && !MAPPINGS.contains(node.tag)) foreignTag(node);
                return mapping(node, Schemas.branch(schema, "object"));
        }
    }

    private void problem(String rule, String message, Node node, String severity) {
        problems.add(new Violation(rule, message, file, node.start.line(), node.start.column(),
            Pointers.shown(path), severity, 1));
    }

    private void problem(String rule, String message, Node node) {
        problem(rule, message, node, Violation.ERROR);
    }

    private void foreignTag(Node node) {
        problem("MLM-004", "The tag " + Texts.quoted(node.tag, SHOWN_TAG)
            + " is not a standard tag of YAML; no object is made from it. Write a plain value.", node);
    }

    private Object scalar(Node node, JsonNode schema) {
        var tag = node.tag;
        if (tag == null || tag.equals("!")) {
            if (!node.isPlain) return node.text;
            tag = Scalars.resolve(node.text);
            if (tag.equals(Scalars.STRING) || tag.equals(Scalars.MERGE)) return node.text;
            if (Schemas.isText(schema)) return text(node, tag, schema);
        } else if (tag.equals(Scalars.TIMESTAMP) && schema.has("x-time")) {
            return node.text;
        }
        return typed(node, tag);
    }

    private String text(Node node, String tag, JsonNode schema) {
        if (tag.equals(Scalars.NULL)) return null;
        if (!schema.has("x-time")) {
            var shown = Texts.cut(node.text, 60);
            problem("MLM-005", "%s is read as text, but many readers take it for %s. Put it in quotes: '%s'."
                .formatted(shown, Scalars.nameOf(tag), shown), node, Violation.WARNING);
        }
        return node.text;
    }

    private Object typed(Node node, String tag) {
        if (!Scalars.isKnown(tag)) {
            foreignTag(node);
            return node.text;
        }
        try {
            return Scalars.construct(tag, node.text);
        } catch (Scalars.Unreadable error) {
            problem("MLM-006", "%s looks like %s but is not a valid one: %s. Put it in quotes if it is a text."
                .formatted(Texts.quoted(node.text), Scalars.nameOf(tag), error.getMessage()), node);
            return node.text;
        }
    }

    private List<Object> list(Node node, JsonNode schema) {
        var items = Schemas.child(schema, 0);
        var values = new ArrayList<Object>(node.items.size());
        for (var item : node.items) {
            path.add(values.size());
            values.add(build(item, items));
            path.remove(path.size() - 1);
        }
        return values;
    }

    private Object mapping(Node node, JsonNode schema) {
        boolean isNamed = Schemas.hasNamedKeys(schema);
        Map<Object, Object> values = new LinkedHashMap<>();
        var seen = new HashMap<Object, Node>();
        for (var entry : node.entries) {
            path.add("");
            if (isKey(entry.key())) {
                path.set(path.size() - 1, entry.key().text);
                var key = isNamed ? entry.key().text : scalar(entry.key(), Schemas.NOTHING);
                if (isFirst(key, entry.key(), seen)) {
                    values.put(key, build(entry.value(), isNamed ? Schemas.child(schema, key) : Schemas.NOTHING));
                }
            }
            path.remove(path.size() - 1);
        }
        return (Scalars.PREFIX + "set").equals(node.tag) ? new LinkedHashSet<>(values.keySet()) : values;
    }

    private boolean isFirst(Object key, Node node, Map<Object, Node> seen) {
        var first = seen.putIfAbsent(Keys.of(key), node);
        if (first == null) return true;
        problem("MLM-003", "The key %s appears twice in one mapping: first in line %d, again in line %d. Remove one of them."
            .formatted(Texts.quoted(node.text), first.start.line(), node.start.line()), node);
        return false;
    }

    private boolean isKey(Node node) {
        if (node.kind != Node.Kind.SCALAR) {
            problem("MLM-004", "A key is a single value, not a list or mapping.", node);
            return false;
        }
        if (node.text.equals("<<") && node.isPlain && node.tag == null) {
            path.set(path.size() - 1, "<<");
            problem("MLM-004", "Merge keys (<<) are not part of the format; write the keys out.", node);
            return false;
        }
        return true;
    }
}
