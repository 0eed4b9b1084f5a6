package org.w3id.mlmodel.errors;

import java.util.List;

/** A failure under a name of the table (ERR-001), with all that is wrong. */
public final class MlmodelException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int MOST = 20;

    private final ErrorName name;
    private final transient List<Detail> details;

    /** Makes an error of one sentence. */
    public MlmodelException(ErrorName name, String message) {
        this(name, message, List.of());
    }

    /** Makes an error with details. */
    public MlmodelException(ErrorName name, String message, List<Detail> details) {
        super(message);
        this.name = name;
        this.details = List.copyOf(details);
    }

    /** Returns the error of data that contradict a signature; the message tells the first 20 (RST-062). */
    public static MlmodelException input(List<Detail> details) {
        return input("The input breaks the signature", details);
    }

    /** Returns the error of data that are not what a model takes, with a sentence that says so before the colon. */
    public static MlmodelException input(String what, List<Detail> details) {
        var told = new StringBuilder(what).append(": ");
        var each = details.stream().limit(MOST).map(Detail::words).toList();
        told.append(String.join("; ", each));
        if (details.size() > MOST) told.append("; and ").append(details.size() - MOST).append(" more");
        return new MlmodelException(ErrorName.INVALID_INPUT, told.append('.').toString(), details);
    }

    /** Returns the error of a request that is not of its form. */
    public static MlmodelException malformed(String rule, String message) {
        return new MlmodelException(
            ErrorName.MALFORMED_REQUEST, message + " (" + rule + ").", List.of(Detail.of(rule)));
    }

    /** Returns the error of a request that looks like another form: the rule that says so, and that of the form. */
    public static MlmodelException malformed(String rule, String form, String message) {
        return new MlmodelException(
            ErrorName.MALFORMED_REQUEST, message + " (" + rule + ").", List.of(Detail.of(rule), Detail.of(form)));
    }

    /** Returns which error of the table this is. */
    public ErrorName name() {
        return name;
    }

    /** Returns all that is wrong. */
    public List<Detail> details() {
        return details;
    }
}
