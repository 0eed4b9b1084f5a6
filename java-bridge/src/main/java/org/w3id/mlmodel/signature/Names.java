package org.w3id.mlmodel.signature;

/** The order of names: by their characters, which are not Java's halves of them. */
final class Names {
    private Names() {}

    static int compare(String one, String other) {
        int[] own = one.codePoints().toArray();
        int[] its = other.codePoints().toArray();
        return java.util.Arrays.compare(own, its);
    }
}
