package org.w3id.mlmodel.bridge;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;

/** Why something was not done, told to Python by kind; what is not expected is a {@code failure}. */
public final class Fault extends Exception {
    private static final long serialVersionUID = 1L;

    /** A bundle that cannot be read. */
    public static final String BUNDLE = "bundle";
    /** A bundle with a stage, or a column, of a kind that is not known here. */
    public static final String UNSUPPORTED = "unsupported";
    /** Rows that a stage does not take. */
    public static final String DATA = "data";
    /** What nobody foresaw. */
    public static final String FAILURE = "failure";

    private final transient Map<String, Object> told = new LinkedHashMap<>();

    Fault(String kind, String message) {
        super(message);
        told.put("kind", kind);
        told.put("message", message);
    }

    Fault with(String key, Object value) {
        told.put(key, value);
        return this;
    }

    /** Returns the kind, the message, and what goes with them. */
    public Map<String, Object> told() {
        return told;
    }

    static Fault of(Throwable error) {
        return error instanceof Fault fault ? fault : new Fault(FAILURE, said(error));
    }

    /** Returns what an error says, in one line; an error of Scala's often has its class alone. */
    static String said(Throwable error) {
        var message = error.getMessage();
        var name = error.getClass().getSimpleName();
        if (message == null || message.isBlank()) return name;
        var line = line(message);
        boolean isPlain = error instanceof IllegalArgumentException || error instanceof NoSuchElementException;
        return isPlain ? line : name + ": " + line;
    }

    /** Returns a text in one line. */
    static String line(String text) {
        return text.strip().replaceAll("\\s+", " ");
    }
}
