package org.w3id.mlmodel.document;

/** What is wrong with a file as a whole, so that nothing of it is read. */
final class Problem extends Exception {
    private static final long serialVersionUID = 1L;

    final String rule;
    private final Integer line;
    private final Integer column;

    Problem(String rule, String message, Integer line, Integer column) {
        super(message, null, false, false);
        this.rule = rule;
        this.line = line;
        this.column = column;
    }

    Problem(String rule, String message) {
        this(rule, message, null, null);
    }

    Problem(String rule, String message, Mark mark) {
        this(rule, message, mark.line(), mark.column());
    }

    /** Returns the same under another rule. */
    Problem under(String other) {
        return new Problem(other, getMessage(), line, column);
    }

    Violation in(String file) {
        return new Violation(rule, getMessage(), file, line, column, null, Violation.ERROR, 1);
    }
}
