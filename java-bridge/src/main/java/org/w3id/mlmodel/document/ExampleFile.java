package org.w3id.mlmodel.document;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A file of an input example: its JSON, with the places of the values. */
public final class ExampleFile {
    /** Larger files are not looked at (EXA-015). */
    private static final int MOST_BYTES = 1 << 23;
    /** In longer texts the places of cells are not looked for. */
    private static final int LONGEST = 1 << 20;

    private final String path;
    private final JsonText text;
    private final String unread;

    private ExampleFile(String path, JsonText text, String unread) {
        this.path = path;
        this.text = text;
        this.unread = unread;
    }

    /** Returns the file of a name; null where it is not there, or something stands in its place, which is said where it is named. */
    static ExampleFile of(Folder folder, Object name) {
        var place = name instanceof String written ? folder.inside(written) : null;
        boolean isFile = place != null && Files.isRegularFile(place) && StandIn.at(place, (String) name) == null;
        return isFile ? read(place, shown(folder, (String) name)) : null;
    }

    /** Returns the path as violations have it: a backslash separates where no file has it in its name (DIR-006). */
    private static String shown(Folder folder, String name) {
        var written = folder.root.resolve(name);
        return (Files.exists(written) ? written : folder.root.resolve(name.replace('\\', '/'))).toString();
    }

    private static ExampleFile read(Path place, String path) {
        try {
            if (Files.size(place) > MOST_BYTES) {
                return new ExampleFile(path, null, "it has more than %,d bytes (EXA-015)".formatted(MOST_BYTES));
            }
            var text = new JsonText(ModelFile.decode(Files.readAllBytes(place)));
            return new ExampleFile(path, text, text.isTooDeep() ? text.error : null);
        } catch (IOException | Problem error) {
            return new ExampleFile(path, null, "it cannot be read");
        }
    }

    /** Returns why it was not looked at, as the end of a sentence that names it; null where it was. */
    public String unread() {
        return unread == null ? null : path + " was not checked: " + unread + ".";
    }

    /** Returns why it is not JSON; null where it is. */
    public String error() {
        return text.error;
    }

    /** Returns the value in it, of a file that was read and is JSON. */
    public Object value() {
        return text.root.plain();
    }

    /** Returns a warning of the file as a whole. */
    public Violation warning(String rule, String message) {
        return new Violation(rule, message, path, 1, 1, null, Violation.WARNING, 1);
    }

    /** Returns a warning of the value at a path of keys and positions. */
    public Violation warning(String rule, String message, List<String> at) {
        if (text.text.length() > LONGEST) return warning(rule, message);
        int offset = text.text.codePointCount(0, text.offset(at, false));
        var place = new Lines(text.text).place(offset);
        return new Violation(rule, message, path, place.line(), place.column(), Pointers.shown(at), Violation.WARNING, 1);
    }
}
