package org.w3id.mlmodel.validation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.w3id.mlmodel.document.FolderCheck;
import org.w3id.mlmodel.document.ModelException;
import org.w3id.mlmodel.document.Violation;

/**
 * What is wrong with one model: every rule that it breaks, in the order of the document.
 *
 * <p>Nothing of the model is run or loaded.
 */
public final class Validation {
    private final String path;
    private final List<Violation> violations;
    private final String unreadable;
    private final String unchecked;

    private Validation(String path, List<Violation> violations, String unreadable, String unchecked) {
        this.path = path;
        this.violations = List.copyOf(violations);
        this.unreadable = unreadable;
        this.unchecked = unchecked;
    }

    /** Checks the model at a path, a model folder or its MLmodel file; its violations name files as reached through it. */
    public static Validation of(Path folderOrFile) {
        var path = folderOrFile.toString();
        try {
            var model = FolderCheck.of(folderOrFile);
            var example = ExampleRules.check(model);
            var found = new ArrayList<>(model.violations());
            found.addAll(example.violations());
            return new Validation(path, found, null, example.unchecked());
        } catch (ModelException error) {
            return new Validation(path, error.violations(), error.getMessage(), null);
        }
    }

    /** Checks the text of an MLmodel file, and no folder. */
    public static Validation ofText(String text) {
        var model = FolderCheck.ofText(text);
        return new Validation(model.document().file(), model.violations(), null, null);
    }

    /** Returns the path as it was given. */
    public String path() {
        return path;
    }

    /** Returns what is broken: in the MLmodel file first, then in the files of the environment, then in the example. */
    public List<Violation> violations() {
        return violations;
    }

    /** Returns why the file could not be looked at; null where it was. */
    public String unreadable() {
        return unreadable;
    }

    /** Returns what was not looked at, and why; null where nothing was left out. */
    public String unchecked() {
        return unchecked;
    }

    /** Whether the model was read and breaks no rule that makes it invalid. */
    public boolean isValid() {
        return unreadable == null && violations.stream().noneMatch(Violation::isError);
    }

    /** Returns 0 for a valid model, 1 for one that is not, 2 for one that cannot be read. */
    public int exitCode() {
        return unreadable != null ? 2 : isValid() ? 0 : 1;
    }
}
