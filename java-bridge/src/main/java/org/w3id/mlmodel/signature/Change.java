package org.w3id.mlmodel.signature;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One difference of two signatures.
 *
 * @param rule the rule that says what it means
 * @param part inputs, outputs or params
 * @param name the name, the position where there are none, or null for the whole list
 * @param change what changed
 * @param breaks the callers that it breaks: of {@code typed} and {@code untyped}
 */
public record Change(String rule, String part, Object name, String change, List<String> breaks) {
    static final List<String> ALL = List.of("typed", "untyped");

    static Change of(String rule, String part, Object name, String change, boolean breaks) {
        return new Change(rule, part, name, change, breaks ? ALL : List.of());
    }

    /** Returns the difference as JSON has it. */
    public Map<String, Object> told() {
        var said = new LinkedHashMap<String, Object>();
        said.put("rule", rule);
        said.put("part", part);
        said.put("name", name);
        said.put("change", change);
        said.put("breaks", breaks);
        return said;
    }
}
