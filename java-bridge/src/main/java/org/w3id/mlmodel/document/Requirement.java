package org.w3id.mlmodel.document;

import java.util.List;
import java.util.regex.Pattern;

/** One requirement as PEP 508 defines it: a name, extras, versions or an address, and a marker. */
final class Requirement {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?");
    private static final Pattern EXTRAS = Pattern.compile("\\[\\s*(?:" + NAME + "(?:\\s*,\\s*" + NAME + ")*)?\\s*\\]");
    private static final String EPOCH = "v?(?:[0-9]+!)?[0-9]+";
    private static final String PRE = "(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?";
    private static final String POST = "(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?";
    private static final String DEV = "(?:[-_.]?dev[-_.]?[0-9]*)?";
    private static final String LOCAL = "(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?";
    private static final String CLAUSE = "(?i:===\\s*[^\\s;),]+"
        + "|~=\\s*" + EPOCH + "(?:\\.[0-9]+)+" + PRE + POST + DEV
        + "|(?:==|!=)\\s*" + EPOCH + "(?:\\.[0-9]+)*" + PRE + POST + "(?:\\.\\*|" + DEV + LOCAL + ")"
        + "|(?:<=|>=|<|>)\\s*" + EPOCH + "(?:\\.[0-9]+)*" + PRE + POST + DEV + ")";
    private static final Pattern CLAUSES = Pattern.compile(CLAUSE + "(?:\\s*,\\s*" + CLAUSE + ")*(?:\\s*,)?");
    private static final Pattern ADDRESS = Pattern.compile("@\\s*[^ \\t]+");
    private static final Pattern SPACE = Pattern.compile("\\s*");
    private static final Pattern VARIABLE = Pattern.compile("(?:python_version|python_full_version|os[._]name|sys[._]platform"
        + "|platform_(?:release|system)|platform[._](?:version|machine|python_implementation)|python_implementation"
        + "|implementation_(?:name|version)|extras?|dependency_groups)\\b");
    private static final Pattern VALUE = Pattern.compile("'[^']*'|\"[^\"]*\"");
    private static final Pattern OPERATOR = Pattern.compile("===|==|~=|!=|<=|>=|<|>|\\bin\\b|\\bnot\\s+in\\b");
    private static final Pattern JOIN = Pattern.compile("(?:and|or)\\b");
    private static final int DEEPEST = 100;

    private final String text;
    private int at;

    private static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;

        Wrong(String message) {
            super(message, null, false, false);
        }
    }

    private Requirement(String text) {
        this.text = text;
    }

    /** Returns what keeps a text from being a requirement, null for one. */
    static String whatIsWrong(String text) {
        try {
            new Requirement(text).read();
            return null;
        } catch (Wrong wrong) {
            return wrong.getMessage();
        } catch (StackOverflowError error) {
            return "it has too many parts";
        }
    }

    private boolean takes(Pattern pattern) {
        var found = pattern.matcher(text).region(at, text.length()).useTransparentBounds(true);
        if (!found.lookingAt()) return false;
        at = found.end();
        return true;
    }

    private boolean takes(char one) {
        if (at >= text.length() || text.charAt(at) != one) return false;
        at += 1;
        return true;
    }

    private void want(boolean isThere, String what) throws Wrong {
        if (!isThere) throw new Wrong(what + " is expected at character " + (at + 1));
    }

    private void read() throws Wrong {
        takes(SPACE);
        want(takes(NAME), "the name of a package");
        takes(SPACE);
        takes(EXTRAS);
        takes(SPACE);
        boolean isAddress = takes(ADDRESS);
        if (!isAddress) versions();
        int before = at;
        takes(SPACE);
        if (at == text.length()) return;
        want(takes(';') && (!isAddress || before < at - 1), "a version, ; or the end");
        marker(0);
        want(at == text.length(), "the end");
    }

    private void versions() throws Wrong {
        boolean isInBrackets = takes('(');
        takes(SPACE);
        boolean isThere = takes(CLAUSES);
        takes(SPACE);
        want(!isInBrackets || takes(')'), isThere ? ")" : "a version");
    }

    private void marker(int depth) throws Wrong {
        want(depth < DEEPEST, "fewer brackets");
        do {
            takes(SPACE);
            if (takes('(')) {
                marker(depth + 1);
                want(takes(')'), ")");
            } else {
                comparison();
            }
            takes(SPACE);
        } while (takes(JOIN));
    }

    private void comparison() throws Wrong {
        for (var part : List.of(true, false)) {
            takes(SPACE);
            want(takes(VARIABLE) || takes(VALUE), "a variable of markers or a text in quotes");
            takes(SPACE);
            want(!part || takes(OPERATOR), "a comparison");
        }
    }
}
