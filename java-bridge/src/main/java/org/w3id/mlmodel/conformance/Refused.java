package org.w3id.mlmodel.conformance;

import java.util.List;

/** A refusal by the table of errors: it is the result of a case. */
public final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    final String code;
    final transient List<?> details;

    /** Makes the refusal; {@code details} are what Jackson can write. */
    public Refused(String code, List<?> details) {
        super(code, null, false, false);
        this.code = code;
        this.details = details;
    }
}
