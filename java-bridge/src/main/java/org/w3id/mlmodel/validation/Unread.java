package org.w3id.mlmodel.validation;

/** Why an example's document is not what its type says, and the rule that says so. */
final class Unread extends Exception {
    private static final long serialVersionUID = 1L;

    private final String rule;

    Unread(String rule, String why) {
        super("The input example cannot be read: " + why + ".", null, false, false);
        this.rule = rule;
    }

    /** Returns the error of a document of another form (EXA-007). */
    static Unread form(String why) {
        return new Unread("EXA-007", why);
    }

    String rule() {
        return rule;
    }
}
