package org.w3id.mlmodel.document;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.ErrorName;

/**
 * One YAML file of a model that was read, with the place of every value.
 *
 * <p>Values are plain: {@link Map} in the order of the file, {@link List}, {@link String}, {@link Long},
 * {@link java.math.BigInteger}, {@link Double}, {@link Boolean}, null, and of what no schema describes also
 * {@link java.time.LocalDate}, {@link java.time.LocalDateTime}, {@link java.time.OffsetDateTime}, bytes and sets.
 */
public final class Document {
    /** The name of the file that makes a folder a model folder (DIR-001). */
    public static final String FILE_NAME = "MLmodel";

    private static final String MLMODEL = "mlmodel";

    private final String file;
    private final Lines lines;
    private final Node node;
    private final Map<Object, Object> data;
    private final List<Violation> problems;
    private final Map<Node, Map<String, Node.Entry>> members = new IdentityHashMap<>();
    private final Map<Node, JsonText> jsonTexts = new IdentityHashMap<>();
    private final Map<Node, SourceMap> maps = new IdentityHashMap<>();

    private Document(String file, String text, Node node, Map<Object, Object> data, List<Violation> problems) {
        this.file = file;
        this.lines = new Lines(text.startsWith("\uFEFF") ? text.substring(1) : text);
        this.node = node;
        this.data = data;
        this.problems = problems;
    }

    /**
     * Reads the MLmodel file at a path, or the one in the folder at a path.
     *
     * @throws ModelException there is none, it cannot be read, or it holds no mapping (MLM-001, MLM-002)
     */
    public static Document read(Path folderOrFile) {
        var at = ModelFile.at(folderOrFile);
        try {
            return usable(compose(ModelFile.text(at, Limits.DEFAULT), at.toString(), MLMODEL));
        } catch (Problem problem) {
            throw unread(at.toString(), List.of(problem.in(at.toString())));
        }
    }

    /**
     * Reads the text of an MLmodel file.
     *
     * @throws ModelException it holds no mapping (MLM-001, MLM-002)
     */
    public static Document parse(String text) {
        return usable(compose(text, FILE_NAME, MLMODEL));
    }

    private static Document usable(Document document) {
        if (document.isUsable()) return document;
        throw unread(document.file, document.problems);
    }

    /** Returns the error of a file that is not read: its message has the first violation, and how many more there are. */
    private static ModelException unread(String file, List<Violation> problems) {
        var told = problems.isEmpty() ? "." : ": " + problems.get(0).said();
        var rest = problems.size() > 1 ? " There is more: " + (problems.size() - 1) + "." : "";
        return new ModelException(ErrorName.INVALID_MODEL, file + " cannot be read as an MLmodel file" + told + rest, problems);
    }

    /** Returns what a text holds; what is wrong with it as a whole is among its problems. */
    static Document compose(String text, String file, String schema) {
        try {
            var node = Composer.compose(text, Limits.DEFAULT);
            if (node.kind != Node.Kind.MAPPING) throw noMapping(node, schema);
            var builder = new Builder(file);
            @SuppressWarnings("unchecked")
            var data = builder.build(node, Schemas.load(schema)) instanceof Map<?, ?> map ? (Map<Object, Object>) map : null;
            return new Document(file, text, node, data, builder.problems);
        } catch (Problem problem) {
            return unusable(file, problem);
        }
    }

    static Document unusable(String file, Problem problem) {
        return new Document(file, "", null, null, problem == null ? List.of() : List.of(problem.in(file)));
    }

    private static Problem noMapping(Node node, String schema) {
        var what = node.kind == Node.Kind.LIST ? "a list" : "a single value";
        var rule = Schemas.ruleOf(Schemas.load(schema), "type", "MLM-001");
        return new Problem(rule, "The file holds " + what + "; a mapping is expected.", node.start);
    }

    /** Returns the name by which the file's violations call it. */
    public String file() {
        return file;
    }

    /** Returns the mapping in the file. */
    public Map<Object, Object> data() {
        return data == null ? Map.of() : Collections.unmodifiableMap(data);
    }

    boolean isUsable() {
        return data != null;
    }

    /** Returns what stands under {@code flavors}, in the order of the file; empty where that is no mapping. */
    public Map<Object, Object> flavors() {
        return mapping(data().get("flavors"));
    }

    /** Returns the JSON texts of the signature; null where there is no signature. */
    public SignatureTexts signature() {
        if (!(data().get("signature") instanceof Map<?, ?> held)) return null;
        return new SignatureTexts(text(held, "inputs"), text(held, "outputs"), text(held, "params"));
    }

    /** Returns what was wrong in the YAML itself; a validation has it too. */
    public List<Violation> problems() {
        return Collections.unmodifiableList(problems);
    }

    private static String text(Map<?, ?> held, String key) {
        return held.get(key) instanceof String text ? text : null;
    }

    /** Returns a value if it is a mapping, else an empty one. */
    static Map<Object, Object> mapping(Object value) {
        return value instanceof Map<?, ?> map ? Collections.unmodifiableMap(map) : Map.of();
    }

    /** Returns the violation of a rule by the value at a path, or by its key. */
    Violation violation(String rule, String message, List<?> path, String severity, boolean atKey) {
        var place = locate(path, atKey);
        return new Violation(rule, message, file, place.line(), place.column(), Pointers.shown(path), severity, 1);
    }

    Violation error(String rule, String message, List<?> path) {
        return violation(rule, message, path, Violation.ERROR, false);
    }

    Violation warning(String rule, String message, List<?> path) {
        return violation(rule, message, path, Violation.WARNING, false);
    }

    /** Returns the parsed JSON text at a path; null where no text stands there. */
    JsonText jsonText(List<?> path) {
        var walked = walk(path);
        boolean isText = walked.node != null && walked.node.kind == Node.Kind.SCALAR && walked.rest.isEmpty();
        return isText ? json(walked.node) : null;
    }

    /** Returns the place of a character of the JSON text at a path. */
    Mark placeInJson(List<?> path, int offset) {
        return placeIn(walk(path).node, offset);
    }

    Mark locate(List<?> path, boolean atKey) {
        var walked = walk(path);
        if (walked.node == null) return new Mark(1, 1, 0);
        if (!walked.rest.isEmpty() && walked.node.kind == Node.Kind.SCALAR) {
            var text = json(walked.node);
            return text.root == null ? walked.node.start : placeIn(walked.node, text.offset(walked.rest, atKey));
        }
        boolean isKey = walked.key != null && (atKey || !walked.rest.isEmpty());
        return isKey ? walked.key.start : walked.node.start;
    }

    private record Walked(Node key, Node node, List<String> rest) {}

    private Walked walk(List<?> path) {
        var tokens = new ArrayList<String>(path.size());
        path.forEach(part -> tokens.add(part.toString()));
        Node key = null;
        Node at = node;
        for (int index = 0; index < tokens.size(); index++) {
            var found = at == null || at.kind == Node.Kind.SCALAR ? null : member(at, tokens.get(index));
            if (found == null) return new Walked(key, at, tokens.subList(index, tokens.size()));
            key = found.key();
            at = found.value();
        }
        return new Walked(key, at, List.of());
    }

    private Node.Entry member(Node at, String token) {
        if (at.kind == Node.Kind.MAPPING) return members.computeIfAbsent(at, Document::byKey).get(token);
        if (!token.matches("[0-9]{1,9}") || Integer.parseInt(token) >= at.items.size()) return null;
        var item = at.items.get(Integer.parseInt(token));
        return new Node.Entry(item, item);
    }

    private static Map<String, Node.Entry> byKey(Node mapping) {
        var found = new HashMap<String, Node.Entry>();
        for (var entry : mapping.entries) {
            if (entry.key().kind == Node.Kind.SCALAR) found.putIfAbsent(entry.key().text, entry);
        }
        return found;
    }

    private JsonText json(Node scalar) {
        return jsonTexts.computeIfAbsent(scalar, one -> new JsonText(one.text));
    }

    private Mark placeIn(Node scalar, int offset) {
        var map = maps.computeIfAbsent(scalar, one -> new SourceMap(lines.characters(), one));
        int characters = scalar.text.codePointCount(0, Math.min(offset, scalar.text.length()));
        return lines.place(map.offset(characters));
    }

    /** Returns the parsed texts of the signature, by their keys; those that are no JSON are not among them. */
    Map<String, Object> parsedSignature() {
        var found = new LinkedHashMap<String, Object>();
        for (var key : List.of("inputs", "outputs", "params")) {
            var text = jsonText(List.of("signature", key));
            if (text != null && text.root != null) found.put(key, text.root.plain());
        }
        return found;
    }
}
