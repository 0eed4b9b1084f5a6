package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.List;

/** JSON pointers (RFC 6901). A path has keys and, of lists, positions. */
final class Pointers {
    /** A longer pointer is not shown (MLM-035). */
    private static final int LONGEST = 1_000;

    private Pointers() {}

    /** Returns the pointer of a path, null where it is too long to be shown; the time does not grow with its keys. */
    static String shown(List<?> path) {
        int length = 0;
        for (var part : path) {
            length += part instanceof String text ? text.length() + 1 : 2;
            if (length > 2 * LONGEST) return null;
        }
        var found = new StringBuilder();
        for (var part : path) found.append('/').append(part.toString().replace("~", "~0").replace("/", "~1"));
        return found.codePointCount(0, found.length()) <= LONGEST ? found.toString() : null;
    }

    /** Returns a path with one part more, or with several. */
    static List<Object> below(List<?> path, Object... parts) {
        var found = new ArrayList<Object>(path);
        for (var part : parts) found.add(part);
        return found;
    }
}
