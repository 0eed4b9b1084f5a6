package org.w3id.mlmodel.document;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The JSON Schemas of the format, which the jar holds: loaded once, whole files in the place of references.
 *
 * <p>The table in schemas/README.md says what {@code x-rule} and its like mean.
 */
final class Schemas {
    static final JsonMapper JSON = new JsonMapper();
    private static final String FOLDER = "/org/w3id/mlmodel/schemas/v1/";
    private static final String FLAVORS = "flavors";
    private static final Map<String, JsonNode> LOADED = new ConcurrentHashMap<>();
    static final JsonNode NOTHING = JSON.missingNode();

    private Schemas() {}

    /** The names of flavors, old ones too, with those of their schemas; made when the first is asked for. */
    private static final class Flavors {
        static final Map<String, String> NAMED = named();

        private static Map<String, String> named() {
            var found = new TreeMap<String, String>();
            for (var name : names()) {
                for (var other : load(FLAVORS + "/" + name).path("x-names")) found.putIfAbsent(other.stringValue(), name);
                found.put(name, name);
            }
            return found;
        }
    }

    /** Returns a schema by its name ({@code mlmodel}, {@code flavors/sklearn}), which is one of those in the jar. */
    static JsonNode load(String name) {
        return LOADED.computeIfAbsent(name, Schemas::read);
    }

    /** Returns the schema of a flavor by its name, which may be an old one; missing where there is none. */
    static JsonNode flavor(Object name) {
        var own = name instanceof String text ? Flavors.NAMED.get(text) : null;
        return own == null ? NOTHING : load(FLAVORS + "/" + own);
    }

    /** Returns the name of the schema of a flavor that is known. */
    static String nameOfFlavor(Object name) {
        return FLAVORS + "/" + Flavors.NAMED.get(name);
    }

    private static JsonNode read(String name) {
        try (var stream = Schemas.class.getResourceAsStream(FOLDER + name + ".json")) {
            if (stream == null) {
                throw new IllegalStateException("The jar has no schema " + name + ": it was built without (-Dmlmodel.schemas)");
            }
            return whole(JSON.readTree(stream), name);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Returns a schema with the files that it names in the place of the references. */
    private static JsonNode whole(JsonNode schema, String name) {
        if (schema.isArray()) {
            var items = JSON.createArrayNode();
            schema.forEach(item -> items.add(whole(item, name)));
            return items;
        }
        if (!schema.isObject()) return schema;
        if (schema.path("$ref").asString("").endsWith(".json")) return named(schema.get("$ref").stringValue(), name);
        var members = JSON.createObjectNode();
        schema.forEachEntry((key, member) ->
            members.set(key, key.equals("contentSchema") ? member : whole(member, name)));
        return members;
    }

    private static JsonNode named(String reference, String from) {
        var target = Path.of("/" + from).resolveSibling(reference).normalize().toString();
        // Not kept by its name here: a map that is being filled must not be filled from within.
        var other = (ObjectNode) read(target.substring(1, target.length() - ".json".length())).deepCopy();
        other.remove(other.propertyStream().map(Map.Entry::getKey).filter(key -> key.startsWith("$")).toList());
        return other;
    }

    private static Iterable<String> names() {
        try {
            load("mlmodel"); // without which there are no flavors either
            var place = Schemas.class.getResource(FOLDER + FLAVORS).toURI();
            if (!place.getScheme().equals("jar")) return names(Path.of(place));
            try (var jar = FileSystems.newFileSystem(URI.create(place.toString().split("!")[0]), Map.of())) {
                return names(jar.getPath(FOLDER + FLAVORS));
            }
        } catch (URISyntaxException | IOException error) {
            throw new IllegalStateException("The schemas of the flavors are not in the jar", error);
        }
    }

    private static Iterable<String> names(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".json"))
                .map(name -> name.substring(0, name.length() - ".json".length())).sorted().toList();
        }
    }

    /** Returns the rule that a subschema names for a keyword. */
    static String ruleOf(JsonNode schema, String keyword, String otherwise) {
        var rule = schema.path("x-rule");
        if (rule.isObject()) return rule.path(keyword).asString(rule.path("*").asString(otherwise));
        return rule.asString(otherwise);
    }

    /** Returns the subschema of the value under a key, or of an item; missing where there is none. */
    static JsonNode child(JsonNode schema, Object key) {
        if (key instanceof Integer) return described(schema.path("items"));
        if (schema.path("x-schemas").asString("").equals(FLAVORS) && !flavor(key).isMissingNode()) return flavor(key);
        var found = key instanceof String text ? schema.path("properties").path(text) : NOTHING;
        return described(found.isMissingNode() ? schema.path("additionalProperties") : found);
    }

    private static JsonNode described(JsonNode schema) {
        return schema.isObject() && !schema.isEmpty() ? schema : NOTHING;
    }

    /** Returns the alternative of {@code anyOf} that fits a type (object, array or string), else the schema. */
    static JsonNode branch(JsonNode schema, String type) {
        if (!schema.has("anyOf") || schema.has("properties")) return schema;
        for (var option : schema.get("anyOf")) {
            if (hasType(option, type)) return option;
        }
        return schema;
    }

    private static boolean hasType(JsonNode schema, String type) {
        var types = schema.path("type");
        if (!types.isArray()) return types.asString("").equals(type);
        return types.valueStream().anyMatch(one -> one.asString("").equals(type));
    }

    /** Whether a schema says that a scalar is a text (MLM-005). */
    static boolean isText(JsonNode schema) {
        var types = schema.path("type");
        if (!types.isArray()) return types.asString("").equals("string");
        return types.valueStream().map(JsonNode::stringValue).allMatch(one -> one.equals("string") || one.equals("null"));
    }

    /** Whether a schema says what the keys of a mapping are: then they are texts. */
    static boolean hasNamedKeys(JsonNode schema) {
        return schema.has("properties") || schema.has("additionalProperties");
    }
}
