package org.w3id.mlmodel.document;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;

/** What a value breaks of a JSON Schema, as the rules that the schema names. */
final class SchemaCheck {
    /**
     * One broken rule.
     *
     * @param path from the value that was checked to the one that is wrong
     * @param atKey whether the place is the key of that one
     */
    record Finding(String rule, String message, List<Object> path, boolean atKey) {}

    private static final String BASE = "https://w3id.org/mlmodel/schemas/v1/";
    /** Keywords under which each member, or item, has a schema of its own: a step down in the value. */
    private static final Set<String> OF_MEMBERS = Set.of("properties");
    private static final Set<String> OF_ALL = Set.of("items", "additionalProperties");
    private static final SchemaRegistry REGISTRY = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private static final Map<String, SchemaCheck> MADE = new ConcurrentHashMap<>();

    private final JsonNode root;
    private final Schema schema;
    private final String otherwise;

    private SchemaCheck(String name, JsonNode root, String otherwise) {
        this.root = root;
        this.otherwise = otherwise;
        schema = REGISTRY.getSchema(SchemaLocation.of(BASE + name), Plain.withoutOwnKeywords(root));
    }

    /** Returns the check by a schema. */
    static SchemaCheck of(String name) {
        return MADE.computeIfAbsent(name, one -> new SchemaCheck(one, Schemas.load(one), "MLM-008"));
    }

    /** Returns the check by one of the definitions of the schema of signatures. */
    static SchemaCheck ofSignature(String definition) {
        return MADE.computeIfAbsent("signature?" + definition, one -> {
            var root = Schemas.JSON.createObjectNode();
            root.put("$ref", "#/$defs/" + definition);
            root.set("$defs", Schemas.load("signature").get("$defs"));
            return new SchemaCheck(one, root, "SIG-003");
        });
    }

    /** Returns what a plain value breaks, in the order of the schema. */
    List<Finding> findings(Object value, List<?> above) {
        var errors = schema.validate(Plain.json(value));
        var found = new LinkedHashSet<Finding>();
        for (var error : errors) found.add(finding(error, value, above));
        return List.copyOf(found);
    }

    private Finding finding(Error error, Object value, List<?> above) {
        var steps = elements(error.getEvaluationPath());
        int alternatives = steps.indexOf("anyOf");
        var path = elements(error.getInstanceLocation());
        if (alternatives >= 0) {
            // Of a failed anyOf the library gives what each alternative breaks; it is one fault.
            var below = steps.subList(alternatives + 1, steps.size());
            return told(at(steps.subList(0, alternatives)), "anyOf", value, path.subList(0, path.size() - depth(below)), above);
        }
        var parent = at(steps.subList(0, steps.size() - 1));
        if (!error.getKeyword().equals("required")) return told(parent, error.getKeyword(), value, path, above);
        return missing(parent, error.getProperty(), path, above);
    }

    /** Returns the subschema to which an evaluation leads from the root. */
    private JsonNode at(List<Object> steps) {
        var found = root;
        for (var step : steps) {
            found = step instanceof Integer index ? found.path(index) : found.path(step.toString());
            while (found.isString()) found = root.path("$defs").path(found.stringValue().substring("#/$defs/".length()));
        }
        return found;
    }

    /** How many levels of the value the steps of an evaluation go down. */
    private static int depth(List<Object> steps) {
        int found = 0;
        for (int at = 0; at < steps.size(); at++) {
            boolean isMember = OF_MEMBERS.contains(steps.get(at)) && at + 2 < steps.size();
            boolean isAny = OF_ALL.contains(steps.get(at)) && at + 1 < steps.size();
            if (isMember || isAny) found += 1;
            if (isMember) at += 1;
        }
        return found;
    }

    private static List<Object> elements(NodePath path) {
        var found = new ArrayList<Object>();
        for (int at = 0; at < path.getNameCount(); at++) found.add(path.getElement(at));
        return found;
    }

    private Finding missing(JsonNode parent, String key, List<Object> path, List<?> above) {
        var what = parent.path("properties").path(key).path("description").asString("");
        var name = nameOf(path, above);
        var where = name == null ? "" : " in " + Texts.quoted(name);
        var message = "The key '%s' is missing%s%s.".formatted(key, where, what.isEmpty() ? "" : ": " + what);
        return new Finding(Schemas.ruleOf(parent, "required", otherwise), message, path, true);
    }

    private Finding told(JsonNode parent, String keyword, Object whole, List<Object> path, List<?> above) {
        var name = nameOf(path, above);
        var value = Plain.at(whole, path);
        var here = name == null ? "The value" : Texts.quoted(name);
        boolean isOfType = keyword.equals("type") || keyword.equals("anyOf");
        var is = isOfType ? Plain.kind(value) : keyword.startsWith("min") && Plain.isEmpty(value) ? "empty" : Texts.shown(value);
        var wanted = parent.path("description").asString("a value of type " + parent.path("type"));
        var message = "%s is %s; expected %s.".formatted(here, is, wanted);
        return new Finding(Schemas.ruleOf(parent, keyword, otherwise), message, path, false);
    }

    private static String nameOf(List<?> path, List<?> above) {
        var last = !path.isEmpty() ? path.get(path.size() - 1) : above.isEmpty() ? null : above.get(above.size() - 1);
        return last instanceof String text ? text : null;
    }
}
