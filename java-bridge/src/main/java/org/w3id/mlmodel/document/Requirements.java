package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Lines of requirements: what they are, and what is wrong with one (ENV-008 to ENV-012). */
final class Requirements {
    /** How many characters a requirement has, options included (ENV-027). */
    static final int LONGEST = 65_536;

    private static final Pattern BREAK = Pattern.compile("\\R|[\\x1c-\\x1e]");
    private static final Pattern COMMENT = Pattern.compile("(?:^|\\s)#.*$");
    private static final Pattern OPTIONS = Pattern.compile("\\s--");
    private static final Pattern ELSEWHERE = Pattern.compile("-|\\.{0,2}[/\\\\]|[A-Za-z]:[/\\\\]|[A-Za-z][A-Za-z0-9+.-]*:");
    private static final Pattern OF_A_PATH = Pattern.compile("[/\\\\]|\\.(?:whl|zip|tar\\.gz)$");
    private static final Pattern NAMES_FILE = Pattern.compile("(?:-r|--requirement\\b|-c|--constraint\\b)\\s*+=?\\s*+(\\S.*)");
    private static final Pattern LOCAL = Pattern.compile("(?:(?:-e|--editable)[\\s=]*+)?(?:file:|\\.{0,2}[/\\\\]|\\.{1,2}$"
        + "|[A-Za-z]:[/\\\\]|[^\\s:@]+\\.(?:whl|zip|tar\\.gz)$|[^\\s:@=]+[/\\\\])|[^@]+@\\s*file:");

    private Requirements() {}

    /** A requirement with the number of the line on which it ends. */
    record Line(int number, String text) {}

    /** Returns the requirements of a text: continued lines joined, comments left out. */
    static List<Line> lines(String text) {
        var found = new ArrayList<Line>();
        var continued = new StringBuilder();
        int number = 0;
        for (var written : BREAK.split(text, -1)) {
            number += 1;
            var bare = COMMENT.matcher(written).replaceFirst("").strip();
            if (bare.endsWith("\\")) {
                continued.append(bare, 0, bare.length() - 1);
                continue;
            }
            var line = continued.append(bare).toString();
            continued.setLength(0);
            if (!line.isEmpty()) found.add(new Line(number, line));
        }
        return found;
    }

    /** Returns what keeps a line from being a requirement; options and paths are pip's business. */
    static String whatIsWrong(String line) {
        var whole = line.strip();
        if (whole.length() > LONGEST) {
            return "%s has %,d characters; a requirement has at most %,d (ENV-027)."
                .formatted(Texts.quoted(whole), whole.length(), LONGEST);
        }
        var bare = OPTIONS.split(whole, 2)[0];
        if (bare.isEmpty() || ELSEWHERE.matcher(bare).lookingAt()) return null;
        var wrong = Requirement.whatIsWrong(bare);
        if (wrong == null || (OF_A_PATH.matcher(bare).find() && !bare.contains("@"))) return null;
        return Texts.quoted(bare) + " is not a requirement that pip understands: " + wrong + ".";
    }

    /** Returns the file that a line names (-r, -c), in any of pip's spellings; null for another line. */
    static String namedFile(String line) {
        var found = NAMES_FILE.matcher(line);
        return found.matches() ? found.group(1).strip() : null;
    }

    /** Whether a requirement is a path, and so means nothing on another machine (ENV-012). */
    static boolean isOfThisMachine(String line) {
        return LOCAL.matcher(line).lookingAt();
    }

    /** Returns the requirements of pip in the mapping of a conda.yaml, wherever they stand (ENV-004). */
    static List<String> ofPip(Map<Object, Object> conda) {
        var found = new ArrayList<String>();
        if (conda.get("dependencies") instanceof List<?> items) items.forEach(item -> texts(Document.mapping(item).get("pip"), found));
        texts(conda.get("pip"), found);
        return found;
    }

    private static void texts(Object lines, List<String> found) {
        if (!(lines instanceof List<?> items)) return;
        items.forEach(item -> {
            if (item instanceof String text) found.add(text);
        });
    }
}
