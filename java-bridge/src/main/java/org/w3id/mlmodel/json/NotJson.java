package org.w3id.mlmodel.json;

/** A text that is not JSON, and the rule that says so. */
public final class NotJson extends Exception {
    private static final long serialVersionUID = 1L;

    private final String rule;

    NotJson(String rule, String message) {
        super(message);
        this.rule = rule;
    }

    /** Returns the rule that the text breaks. */
    public String rule() {
        return rule;
    }
}
