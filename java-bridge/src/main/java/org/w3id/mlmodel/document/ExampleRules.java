package org.w3id.mlmodel.document;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The input example of a model folder, as far as it is looked at: that it is JSON of a known type (EXA-007),
 * and that the request beside it is an object (EXA-011). Its cells are not held against the signature, which
 * is said (EXA-013).
 */
final class ExampleRules {
    private static final Set<String> TYPES = Set.of("dataframe", "ndarray", "json_object", "sparse_matrix_csr", "sparse_matrix_csc");
    /** Larger files are not looked at (EXA-015). */
    private static final int MOST_BYTES = 1 << 23;

    private final Folder folder;
    final List<Violation> found = new ArrayList<>();
    /** Why the example was not looked at; null where there is none, or where all is said. */
    String unchecked;

    private ExampleRules(Folder folder) {
        this.folder = folder;
    }

    static ExampleRules check(Document document, Folder folder) {
        var rules = new ExampleRules(folder);
        var held = document.data().get("saved_input_example_info");
        var early = document.data().get("input_example");
        if (held instanceof Map<?, ?> info) {
            rules.example(info.get("artifact_path"), info.get("type"));
            rules.request(info.get("serving_input_path"));
        } else if (early instanceof String) {
            rules.example(early, "dataframe"); // EXA-014
        }
        return rules;
    }

    /** Returns a named file, null where it is not there: then that is said where it is named. */
    private Path place(Object name) {
        var place = name instanceof String written ? folder.inside(written) : null;
        boolean isFile = place != null && Files.isRegularFile(place) && StandIn.at(place, (String) name) == null;
        return isFile ? place : null;
    }

    private String shown(Object name) {
        var written = folder.root.resolve((String) name);
        return (Files.exists(written) ? written : folder.root.resolve(((String) name).replace('\\', '/'))).toString();
    }

    private void example(Object name, Object type) {
        var place = place(name);
        if (place == null) return;
        var text = json(place, name);
        if (text == null) return;
        if (text.error != null && !text.isTooDeep()) {
            warn("EXA-007", "The example is not JSON: " + text.error + ".", name);
        } else if (type instanceof String && !TYPES.contains(type)) {
            warn("EXA-007", "An example of the type " + Texts.shown(type) + " is not known.", name);
        } else {
            unchecked = shown(name) + " was not held against the signature: that is done by the package for Python (EXA-013).";
        }
    }

    private void request(Object name) {
        var place = place(name);
        if (place == null || found.size() > 0) return;
        var text = json(place, name);
        if (text == null || text.isTooDeep()) return;
        if (text.error != null) warn("EXA-011", "The example as a request is not JSON.", name);
        else if (!(text.root.value() instanceof Map<?, ?>)) warn("EXA-011", "The example as a request is an object with the data.", name);
    }

    /** Returns the parsed file, null where it is too large or no text. */
    private JsonText json(Path place, Object name) {
        try {
            if (Files.size(place) > MOST_BYTES) {
                unchecked = "%s was not checked: it has more than %,d bytes (EXA-015).".formatted(shown(name), MOST_BYTES);
                return null;
            }
            return new JsonText(ModelFile.decode(Files.readAllBytes(place)));
        } catch (IOException | Problem error) {
            unchecked = shown(name) + " was not checked: it cannot be read.";
            return null;
        }
    }

    private void warn(String rule, String message, Object name) {
        found.add(new Violation(rule, message, shown(name), 1, 1, null, Violation.WARNING, 1));
    }
}
