package org.w3id.mlmodel.conformance;

import tools.jackson.databind.JsonNode;

/** What answers the cases of one operation: a result that Jackson can write. */
@FunctionalInterface
public interface Operation {
    /**
     * Answers one case.
     *
     * @param input its input; numbers keep all their digits and whether they have a fraction
     * @throws Refused the data break rules, which is a result
     * @throws Skipped there is no answer, for a reason
     */
    Object answer(JsonNode input) throws Exception;
}
