package org.w3id.mlmodel.conformance;

/** A case that has no answer here, with the reason. */
public final class Skipped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Gives the reason. */
    public Skipped(String reason) {
        super(reason, null, false, false);
    }
}
