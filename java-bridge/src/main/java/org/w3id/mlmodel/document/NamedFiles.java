package org.w3id.mlmodel.document;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * The files that an MLmodel file names: inside the folder, and there (DIR-002 to DIR-009).
 *
 * <p>Which keys name files is said by {@code x-file} in the schemas.
 */
final class NamedFiles {
    private static final int SHOWN = 200;
    private static final String MUST_BE_INSIDE = "; it must name something inside the folder.";

    private final Document document;
    private final Folder folder;
    private final List<Violation> found = new ArrayList<>();

    private NamedFiles(Document document, Folder folder) {
        this.document = document;
        this.folder = folder;
    }

    /** Returns what is wrong with the named files; without a folder, by their paths alone. */
    static List<Violation> check(Document document, List<Described> described, Folder folder) {
        var rules = new NamedFiles(document, folder);
        for (var item : described) {
            boolean isText = item.value() instanceof String;
            if (isText && item.schema().has("x-file")) rules.file(item, written(item));
            if (isText && item.schema().has("x-module") && folder != null) rules.module(item);
        }
        return rules.found;
    }

    /** Returns the path that is meant: of some, the last part alone (PYF-009). */
    private static String written(Described item) {
        var written = (String) item.value();
        if (!item.schema().path("x-last-part").asBoolean(false)) return written;
        return written.substring(Math.max(written.lastIndexOf('/'), written.lastIndexOf('\\')) + 1);
    }

    private void file(Described item, String written) {
        var shown = Texts.quoted(written, SHOWN);
        var wrong = Folder.whatIsWrong(written);
        if (wrong != null) {
            found.add(document.error("DIR-002", "The path " + shown + " " + wrong + MUST_BE_INSIDE, item.path()));
            return;
        }
        if (folder != null && !isRight(item, written, shown)) return;
        if (written.indexOf('\\') >= 0) {
            found.add(document.warning("DIR-006", shown + " contains a backslash; write a slash.", item.path()));
        }
    }

    /** Looks at what the path leads to; returns whether that is right. */
    private boolean isRight(Described item, String written, String shown) {
        var followed = folder.find(written);
        if (followed.wrong() != null) {
            found.add(document.error("DIR-004", "The path " + shown + " " + followed.wrong() + MUST_BE_INSIDE, item.path()));
            return false;
        }
        if (!isOurs(item)) return true;
        int before = found.size();
        look(item, followed.place(), written, shown);
        return found.size() == before;
    }

    /** Whether it is known what the module beside a path takes it for (PYF-004). */
    private boolean isOurs(Described item) {
        var asked = item.schema().path("x-of-module");
        if (asked.isMissingNode()) return true;
        var module = item.beside(document.data()).get(asked.get("in").stringValue());
        return !(module instanceof String name) || Pattern.compile(asked.get("known").stringValue()).matcher(name).find();
    }

    private void look(Described item, Path place, String written, String shown) {
        var what = item.schema().path("description").asString("a file of the model");
        boolean isFile = item.schema().path("x-is-file").asBoolean(false);
        if (!Files.exists(place)) {
            found.add(document.error("DIR-003", shown + " is missing from the folder: " + what + ".", item.path()));
        } else if (isFile && Files.isDirectory(place)) {
            found.add(document.error("DIR-009", shown + " is a folder; expected " + what + ".", item.path()));
        } else if (!item.schema().get("x-file").asString("").equals("environment")) {
            // What a user's own loader is given may be anything but a pointer.
            var standIn = isFile ? StandIn.at(place, written) : StandIn.pointerAt(place);
            if (standIn != null) found.add(document.error("DIR-009", standIn.saidOf(shown), item.path()));
        }
    }

    /** Notes a module that should lie in the folder's code and does not (a warning). */
    private void module(Described item) {
        JsonNode asked = item.schema().get("x-module");
        var module = (String) item.value();
        boolean isKnown = Pattern.compile(asked.get("known").stringValue()).matcher(module).find();
        if (isKnown || !(item.beside(document.data()).get(asked.get("in").stringValue()) instanceof String code)) return;
        if (hasModule(code + "/" + module.replace('.', '/'))) return;
        var message = "The module %s is not in the folder's code (%s); it must be installed where the model is loaded, "
            + "or its files are missing.";
        found.add(document.warning(asked.get("rule").stringValue(),
            message.formatted(Texts.quoted(module), Texts.quoted(code)), item.path()));
    }

    private boolean hasModule(String written) {
        var place = folder.inside(written);
        if (place == null || Files.isDirectory(place)) return true; // said where the path stands
        if (!Files.isDirectory(place.getParent())) return false;
        try (var files = Files.list(place.getParent())) {
            var begins = place.getFileName() + ".";
            return files.anyMatch(one -> one.getFileName().toString().startsWith(begins));
        } catch (IOException error) {
            return false;
        }
    }
}
