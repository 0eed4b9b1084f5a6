package org.w3id.mlmodel.document;

import java.util.regex.Pattern;

/** Passwords in addresses: found, and never shown (ENV-023). */
final class Secrets {
    private static final String KEPT = "$1…@";
    /** A name alone is a secret too (a token), but not for ssh; what stands for a variable is none. */
    private static final Pattern BEFORE_HOST = Pattern.compile("(?i)((?:https?|ftp|s3)://)(?!\\$\\{)[^\\s/@'\"]+(?<!\\})@");
    /** Where it is two, the second is a password, whatever the scheme. */
    private static final Pattern PAIR = Pattern.compile("(://)(?!\\$\\{)[^\\s/@:'\"]+:(?!\\$\\{)[^\\s/@'\"]+@");
    /** Tokens of conda's servers stand in the path, and others in the query. */
    private static final Pattern IN_PATH = Pattern.compile("(/t/)(?!\\$\\{)[^/]+(?=/|$)");
    private static final Pattern ADDRESS = Pattern.compile("[^\\s'\"]+");
    private static final Pattern IN_QUERY = Pattern.compile("(?i)([?&](?:[\\w-]*(?:token|secret|password|passwd|signature"
        + "|api[_-]?key)|sig|pwd)=)(?!\\$\\{)[^\\s&#'\"]+");

    private Secrets() {}

    static boolean hasPassword(String text) {
        return text.contains("://") && !masked(text).equals(text);
    }

    /** Returns a text in which {@code …} stands for each password or token of an address. */
    static String masked(String text) {
        if (!text.contains("://")) return text;
        var masked = PAIR.matcher(BEFORE_HOST.matcher(text).replaceAll(KEPT)).replaceAll(KEPT);
        if (masked.contains("/t/")) {
            masked = ADDRESS.matcher(masked).replaceAll(one -> java.util.regex.Matcher.quoteReplacement(inPath(one.group())));
        }
        return IN_QUERY.matcher(masked).replaceAll("$1…");
    }

    private static String inPath(String address) {
        int path = address.indexOf("://") + 3;
        return path < 3 ? address : address.substring(0, path) + IN_PATH.matcher(address.substring(path)).replaceAll("$1…");
    }

    /** Returns the message for a text that has one. */
    static String told(String text) {
        return Texts.quoted(masked(text), 120) + " holds a password or token, which whoever has the model has, too. Take it out, "
            + "revoke it, and name a variable in its place (`https://${TOKEN}@…`), or keep it in the configuration of pip or conda.";
    }
}
