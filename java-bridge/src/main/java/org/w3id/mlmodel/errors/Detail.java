package org.w3id.mlmodel.errors;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One thing that is wrong with data (ERR-003); what does not apply is null.
 *
 * @param rule the rule that is broken
 * @param column the name of the column, or its position from 0
 * @param row the first row, from 0
 * @param expected what was due, for people
 * @param got what was given, for people
 */
public record Detail(String rule, Object column, Integer row, String expected, String got) {
    /** Returns a detail of which no more than the rule is known. */
    public static Detail of(String rule) {
        return new Detail(rule, null, null, null, null);
    }

    /** Returns the detail as an answer has it, without what does not apply. */
    public Map<String, Object> told() {
        var said = new LinkedHashMap<String, Object>();
        said.put("rule", rule);
        if (column != null) said.put("column", column);
        if (row != null) said.put("row", row);
        if (expected != null) said.put("expected", expected);
        if (got != null) said.put("got", got);
        return said;
    }

    /** Returns the detail in words. */
    public String words() {
        var said = new StringBuilder();
        if (column != null) said.append("column ").append(column).append(row == null ? ": " : ", ");
        if (row != null) said.append("row ").append(row).append(": ");
        if (expected != null) said.append("expected ").append(expected).append(", ");
        if (got != null) said.append("got ").append(got).append(' ');
        return said.append('(').append(rule).append(')').toString();
    }
}
