package org.w3id.mlmodel.errors;

/** The closed table of errors (spec/errors.md): what each is over HTTP. */
public enum ErrorName {
    INVALID_MODEL(500),
    UNREADABLE_MODEL(500),
    MODEL_NOT_FOUND(404),
    UNSUPPORTED_MODEL(501),
    UNTRUSTED_MODEL(500),
    MISSING_DEPENDENCY(500),
    INVALID_ARGUMENT(400),
    MALFORMED_REQUEST(400),
    INVALID_INPUT(400),
    UNSUPPORTED_MEDIA_TYPE(415),
    PAYLOAD_TOO_LARGE(413),
    NOT_FOUND(404),
    METHOD_NOT_ALLOWED(405),
    UNAVAILABLE(503),
    MODEL_FAILURE(500),
    UNSERIALIZABLE_PREDICTION(500),
    INTERNAL_ERROR(500),
    REQUEST_TIMEOUT(408),
    DEADLINE_EXCEEDED(504),
    NOT_ACCEPTABLE(406);

    private final int status;

    ErrorName(int status) {
        this.status = status;
    }

    /** Returns the status of HTTP. */
    public int status() {
        return status;
    }
}
