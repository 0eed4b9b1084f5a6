package org.w3id.mlmodel.enforcement;

import org.w3id.mlmodel.signature.Type;

/** Where cells come from: for the same fault some sources have a rule of their own (ENF-117). */
public enum Source {
    /** Values of a program. */
    PROGRAM,
    /** JSON of a request. */
    JSON,
    /** Texts of CSV. */
    CSV;

    /** Returns the rule that a cell of this source breaks. */
    String rule(String rule, Type type) {
        boolean isBinary = this == PROGRAM && type == Type.Scalar.BINARY && rule.equals("ENF-057");
        if (isBinary) return "ENF-026";
        if (this != CSV) return rule;
        return rule.equals("ENF-049") ? "ENF-060" : rule.equals("ENF-041") ? "ENF-061" : rule;
    }
}
