package org.w3id.mlmodel.document;

import java.util.List;
import org.w3id.mlmodel.errors.ErrorName;

/** A model that cannot be read, under a name of the table of errors. */
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorName name;
    private final transient List<Violation> violations;

    ModelException(ErrorName name, String message, List<Violation> violations) {
        super(message);
        this.name = name;
        this.violations = List.copyOf(violations);
    }

    /** Returns which error of the table this is. */
    public ErrorName name() {
        return name;
    }

    /** Returns the rules that are broken, with their places. */
    public List<Violation> violations() {
        return violations;
    }
}
