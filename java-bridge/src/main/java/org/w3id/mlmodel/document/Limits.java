package org.w3id.mlmodel.document;

/**
 * How much of a YAML file is read before it is refused (MLM-002).
 *
 * @param bytes how large it may be
 * @param values how many values it may have, those that an alias repeats counted again
 * @param depth how many lists and mappings may stand in one another
 * @param aliases how many aliases it may have
 */
public record Limits(int bytes, int values, int depth, int aliases) {
    /** The limits of the specification. */
    public static final Limits DEFAULT = new Limits(8 * 1024 * 1024, 50_000, 64, 1_000);
}
