package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** A value at a path (keys and positions from the root), and the subschema that describes it. */
record Described(List<Object> path, Object value, JsonNode schema) {
    /** Returns every value that a schema describes, parents first, in the order of the data. */
    static List<Described> walk(Object value, JsonNode schema) {
        var found = new ArrayList<Described>();
        walk(value, schema, List.of(), found);
        return found;
    }

    private static void walk(Object value, JsonNode schema, List<Object> path, List<Described> found) {
        var type = value instanceof Map<?, ?> ? "object" : value instanceof List<?> ? "array" : "string";
        var here = Schemas.branch(schema, type);
        found.add(new Described(path, value, here));
        if (value instanceof Map<?, ?> members) {
            members.forEach((key, member) -> below(key, member, here, path, found));
        } else if (value instanceof List<?> items) {
            for (int index = 0; index < items.size(); index++) below(index, items.get(index), here, path, found);
        }
    }

    private static void below(Object key, Object value, JsonNode schema, List<Object> path, List<Described> found) {
        var below = Schemas.child(schema, key);
        if (!below.isMissingNode()) walk(value, below, Pointers.below(path, key), found);
    }

    /** Returns the mapping of the whole document in which the value stands. */
    Map<Object, Object> beside(Object data) {
        return Document.mapping(Plain.at(data, path.subList(0, path.size() - 1)));
    }
}
