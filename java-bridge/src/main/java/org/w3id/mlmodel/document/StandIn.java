package org.w3id.mlmodel.document;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * What stands in the place of a file, known by its first bytes and its name (DIR-009).
 *
 * @param what the end of a sentence
 * @param todo what to do about it
 * @param archive its kind, where it is an archive, in which the file may be; else empty
 */
record StandIn(String what, String todo, String archive) {
    /** How many of a file's first bytes are looked at: a tar says what it is at byte 257. */
    static final int HEAD = 1024;
    private static final int TAR = 257;
    private static final int TAIL = 1 << 16;

    /** What may stand before the first tag of a page or an answer. */
    private static final String BEFORE = "(?s)(?:\\u00ef\\u00bb\\u00bf)?\\s*+(?:<\\?xml[^>]*+>\\s*+)?+(?>(?:<!--(?>.*?-->)\\s*+)*)";
    private static final Pattern PAGE = Pattern.compile(BEFORE + "<(?:!doctype\\s+html|html|head|body)\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern ANSWER = Pattern.compile(BEFORE + "<(?:\\w+:)?Error(?:Response)?[\\s>]");
    private static final Pattern LFS = Pattern.compile("version https://(?:git-lfs\\.github\\.com|hawser\\.github\\.com)/spec/");
    private static final Pattern ANNEX = Pattern.compile("(?:\\.git/annex/objects|/annex/objects)/");
    private static final Pattern PICKLE = Pattern.compile("\\u0080[\\u0002-\\u0005]");
    private static final Pattern CODE = Pattern.compile("<Code>([\\w.]{1,60})</Code>");
    private static final Map<String, String> ARCHIVES = new LinkedHashMap<>();

    private static final Set<String> PICKLES = Set.of(".pkl", ".pickle", ".joblib");
    private static final Set<String> BINARY = Set.of(".onnx", ".ubj", ".xgb");
    private static final Set<String> TEXTS = Set.of(".json", ".yaml", ".yml", ".txt", ".toml", ".py", ".csv");
    private static final Set<String> MAY_BE_EMPTY = Set.of(".txt", ".py", ".csv", ".toml");
    /** The compressions in which joblib writes pickles. */
    private static final Set<String> OF_JOBLIB = Set.of("gzip", "bzip2", "xz");
    private static final Set<String> MARKS = Set.of("error_code", "code", "status", "statuscode", "documentation_url");

    static {
        ARCHIVES.put("PK\u0003\u0004", "zip");
        ARCHIVES.put("PK\u0005\u0006", "zip");
        ARCHIVES.put("\u001f\u008b", "gzip");
        ARCHIVES.put("BZh", "bzip2");
        ARCHIVES.put("\u00fd7zXZ\0", "xz");
        ARCHIVES.put("\u0028\u00b5\u002f\u00fd", "zstd");
        ARCHIVES.put("7z\u00bc\u00af\u0027\u001c", "7z");
        ARCHIVES.put("Rar!\u001a\u0007", "rar");
    }

    private StandIn(String what, String todo) {
        this(what, todo, "");
    }

    /** Returns the two sentences for a person. */
    String saidOf(String file) {
        return file + " " + what + ". " + todo.substring(0, 1).toUpperCase(Locale.ROOT) + todo.substring(1) + ".";
    }

    /** Returns what a file is that a tool keeps elsewhere, by its first bytes; null for another. */
    private static StandIn pointer(String head) {
        boolean isLfs = LFS.matcher(head).lookingAt();
        if (!isLfs && !ANNEX.matcher(head).lookingAt()) return null;
        var tool = isLfs ? "Git LFS" : "git-annex";
        return new StandIn("is a pointer of " + tool + ", and not the file that it stands for",
            "run `git " + (isLfs ? "lfs pull" : "annex get") + "` in the repository");
    }

    /** Returns what a file is that a tool keeps elsewhere; null for another, and for a folder. */
    static StandIn pointerAt(Path file) {
        var head = head(file);
        return head == null ? null : pointer(head);
    }

    /** Returns what stands in the place of a text. */
    static StandIn ofText(byte[] content) {
        var head = new String(content, 0, Math.min(content.length, HEAD), StandardCharsets.ISO_8859_1);
        return content.length == 0 ? null : of(".yaml", head, content.length);
    }

    /** Returns what stands at a path in the place of the file of that name; null, too, for a folder. */
    static StandIn at(Path file, String name) {
        var head = head(file);
        if (head == null) return null;
        var suffix = suffix(name);
        try {
            var found = of(suffix, head, Files.size(file));
            if (found == null) return cutPickle(suffix, head, file);
            if (!found.archive.equals("zip")) return found;
            var end = end(file, TAIL);
            // What libraries have in the archives that are their own form (skops, PyTorch).
            return end.contains("schema.json") || end.contains("/data.pkl") ? null : found;
        } catch (IOException error) {
            return null;
        }
    }

    private static String head(Path file) {
        if (!Files.isRegularFile(file)) return null;
        try (var stream = Files.newInputStream(file)) {
            return new String(stream.readNBytes(HEAD), StandardCharsets.ISO_8859_1);
        } catch (IOException error) {
            return null;
        }
    }

    private static String end(Path file, int most) throws IOException {
        try (var channel = Files.newByteChannel(file)) {
            channel.position(Math.max(0, channel.size() - most));
            var buffer = java.nio.ByteBuffer.allocate(most);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                // One reading need not give all of it.
            }
            return new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
        }
    }

    private static String suffix(String name) {
        var last = name.substring(name.lastIndexOf('/') + 1);
        int dot = last.lastIndexOf('.');
        return dot > 0 && dot < last.length() - 1 ? last.substring(dot).toLowerCase(Locale.ROOT) : "";
    }

    private static StandIn of(String suffix, String head, long size) {
        StandIn found = pointer(head);
        if (found == null) found = emptiness(suffix, size);
        if (found == null) found = page(suffix, head);
        if (found == null) found = answer(suffix, head, size);
        if (found == null) found = archive(suffix, head);
        return found == null ? pickle(suffix, head) : found;
    }

    private static boolean isKnown(String suffix) {
        return PICKLES.contains(suffix) || BINARY.contains(suffix) || TEXTS.contains(suffix);
    }

    private static StandIn emptiness(String suffix, long size) {
        if (size > 0 || !isKnown(suffix) || MAY_BE_EMPTY.contains(suffix)) return null;
        return new StandIn("is empty", "copy or download it again, or save the model again");
    }

    private static StandIn page(String suffix, String head) {
        if (suffix.equals(".html") || suffix.equals(".htm") || !PAGE.matcher(head).lookingAt()) return null;
        return new StandIn("is a web page (HTML), as a site answers that asks for a login or has no such file",
            "download the file again, with the address of the file itself and signed in");
    }

    private static StandIn answer(String suffix, String head, long size) {
        var said = xmlError(suffix, head);
        if (said == null) said = jsonError(head, size);
        if (said == null) return null;
        return new StandIn("is the answer of a server that did not give the file" + said, "download it again, with the rights to read it");
    }

    private static String xmlError(String suffix, String head) {
        if (suffix.equals(".xml") || suffix.equals(".pmml") || !ANSWER.matcher(head).lookingAt()) return null;
        var code = CODE.matcher(head);
        return code.find() ? " (" + code.group(1) + ")" : "";
    }

    /** Returns what a JSON object that is nothing but an error says; null where it is none. */
    private static String jsonError(String head, long size) {
        if (size > head.length() || !head.stripLeading().startsWith("{")) return null;
        JsonNode held;
        try {
            held = Schemas.JSON.readTree(head);
        } catch (JacksonException error) {
            return null;
        }
        var inner = held.has("error") ? held.get("error") : held;
        if (!inner.isObject()) {
            boolean isPlain = held.valueStream().allMatch(one -> one.isValueNode() && !one.isFloatingPointNumber());
            return inner.isString() && isPlain ? " (" + Texts.cut(inner.stringValue(), 60) + ")" : null;
        }
        return told(inner, inner != held);
    }

    private static String told(JsonNode error, boolean isInner) {
        boolean hasMessage = error.propertyStream().anyMatch(one -> one.getKey().equalsIgnoreCase("message"));
        var marks = error.propertyStream().filter(one -> MARKS.contains(one.getKey().toLowerCase(Locale.ROOT))).toList();
        if (!hasMessage || (marks.isEmpty() && !isInner)) return null;
        if (marks.isEmpty() || !marks.get(0).getValue().isValueNode()) return "";
        var code = marks.get(0).getValue().asString("");
        return code.isEmpty() ? "" : " (" + Texts.cut(code, 60) + ")";
    }

    private static StandIn archive(String suffix, String head) {
        var kind = kindOfArchive(head);
        if (!isKnown(suffix) || kind == null || (PICKLES.contains(suffix) && OF_JOBLIB.contains(kind))) return null;
        var article = kind.equals("xz") ? "an " : "a ";
        return new StandIn("is " + article + kind + " archive, and not the file itself",
            "unpack it, and put what is in it in its place", kind);
    }

    private static String kindOfArchive(String head) {
        if (head.startsWith("ustar", TAR)) return "tar";
        return ARCHIVES.entrySet().stream().filter(one -> head.startsWith(one.getKey())).map(Map.Entry::getValue).findFirst().orElse(null);
    }

    private static StandIn pickle(String suffix, String head) {
        if (!TEXTS.contains(suffix) || !PICKLE.matcher(head).lookingAt()) return null;
        return new StandIn("is a pickle, which holds objects of Python and no text", "put the text file that belongs there in its place");
    }

    /** Returns what a pickle is whose last byte is not the one that ends every pickle. */
    private static StandIn cutPickle(String suffix, String head, Path file) throws IOException {
        if (!PICKLES.contains(suffix) || !PICKLE.matcher(head).lookingAt() || end(file, 1).equals(".")) return null;
        return new StandIn("begins as a pickle and does not end as one: its end is missing, or something follows it",
            "copy or download it again, or save the model again");
    }
}
