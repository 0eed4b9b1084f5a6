package org.w3id.mlmodel.document;

import java.util.List;

/** A model that cannot be read; {@code code} is the error's name in the table of spec/errors.md. */
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** There is no model. */
    public static final String NOT_FOUND = "MODEL_NOT_FOUND";
    /** There is one, and its file cannot be read. */
    public static final String UNREADABLE = "UNREADABLE_MODEL";
    /** It breaks rules of the format. */
    public static final String INVALID = "INVALID_MODEL";

    private final String code;
    private final transient List<Violation> violations;

    ModelException(String code, String message, List<Violation> violations) {
        super(message);
        this.code = code;
        this.violations = List.copyOf(violations);
    }

    /** Returns the error's name in the table of errors. */
    public String code() {
        return code;
    }

    /** Returns the rules that are broken, with their places. */
    public List<Violation> violations() {
        return violations;
    }
}
