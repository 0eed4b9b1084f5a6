package org.w3id.mlmodel.errors;

/** The closed table of errors (spec/errors.md): what each is over HTTP, and what a command exits with. */
public enum ErrorName {
    INVALID_MODEL(500, 1),
    UNREADABLE_MODEL(500, 2),
    MODEL_NOT_FOUND(404, 2),
    UNSUPPORTED_MODEL(501, 1),
    UNTRUSTED_MODEL(500, 3),
    MISSING_DEPENDENCY(500, 2),
    INVALID_ARGUMENT(400, 2),
    MODEL_EXISTS(409, 2),
    WRITE_FAILED(500, 2),
    MALFORMED_REQUEST(400, 1),
    INVALID_INPUT(400, 1),
    UNSUPPORTED_MEDIA_TYPE(415, 2),
    PAYLOAD_TOO_LARGE(413, 1),
    NOT_FOUND(404, 2),
    METHOD_NOT_ALLOWED(405, 2),
    UNAVAILABLE(503, 1),
    MODEL_FAILURE(500, 1),
    UNSERIALIZABLE_PREDICTION(500, 1),
    INTERNAL_ERROR(500, 70),
    REQUEST_TIMEOUT(408, 1),
    DEADLINE_EXCEEDED(504, 1),
    NOT_ACCEPTABLE(406, 2),
    UNAUTHENTICATED(401, 2);

    private final int status;
    private final int exitCode;

    ErrorName(int status, int exitCode) {
        this.status = status;
        this.exitCode = exitCode;
    }

    /** Returns the status of HTTP. */
    public int status() {
        return status;
    }

    /** Returns what a command exits with that ends so (ERR-011). */
    public int exitCode() {
        return exitCode;
    }
}
