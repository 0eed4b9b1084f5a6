package org.w3id.mlmodel.document;

/**
 * One broken rule at one place.
 *
 * @param rule its id in the specification, such as {@code MLM-007}
 * @param message what is wrong, and what to do
 * @param file the file that it is in; null where a text was given
 * @param line counted from 1; null where there is no place
 * @param column counted from 1, in characters
 * @param pointer the JSON pointer of the value, which goes on inside the JSON texts of a signature; null
 *     where there is none, and where it would be too long (MLM-035)
 * @param severity {@code error}, which makes the model invalid, or {@code warning}
 * @param times how many violations this entry stands for (MLM-034)
 */
public record Violation(
    String rule, String message, String file, Integer line, Integer column, String pointer, String severity, int times
) {
    /** What makes a model invalid. */
    public static final String ERROR = "error";
    /** What leaves it valid. */
    public static final String WARNING = "warning";

    /** Whether this makes the model invalid. */
    public boolean isError() {
        return severity.equals(ERROR);
    }

    /** Returns the place within the file, the message and the rule. */
    String said() {
        var place = line == null ? "" : "line " + line + (column == null ? "" : ", column " + column) + ": ";
        return place + message + " (" + rule + ")";
    }

    /** Returns the line that is printed: {@code file:line:column: severity RULE: message}. */
    @Override
    public String toString() {
        var said = new StringBuilder();
        for (Object part : new Object[] {file, line, column}) {
            if (part != null) said.append(part).append(':');
        }
        if (!said.isEmpty()) said.append(' ');
        said.append(severity).append(' ').append(rule).append(": ").append(message);
        return pointer == null || pointer.isEmpty() ? said.toString() : said + " (at " + pointer + ")";
    }
}
