package org.w3id.mlmodel.document;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

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
        var at = ModelFile.at(folderOrFile);
        try {
            var document = Document.compose(ModelFile.text(at, Limits.DEFAULT), at.toString(), "mlmodel");
            return of(folderOrFile, document, at);
        } catch (Problem problem) {
            return of(folderOrFile, Document.unusable(at.toString(), problem), at);
        } catch (ModelException error) {
            return new Validation(folderOrFile.toString(), error.violations(), error.getMessage(), null);
        }
    }

    private static Validation of(Path path, Document document, Path file) {
        var folder = new Folder(ModelFile.folderOf(file));
        var found = check(document, folder);
        if (!document.isUsable()) return new Validation(path.toString(), found, null, null);
        found.addAll(EnvironmentRules.check(folder, document));
        var example = ExampleRules.check(document, folder);
        found.addAll(example.found);
        return new Validation(path.toString(), Tally.listed(found), null, example.unchecked);
    }

    /** Checks the text of an MLmodel file, and no folder. */
    public static Validation ofText(String text) {
        var document = Document.compose(text, Document.FILE_NAME, "mlmodel");
        return new Validation(Document.FILE_NAME, Tally.listed(check(document, null)), null, null);
    }

    private static List<Violation> check(Document document, Folder folder) {
        var found = new ArrayList<>(document.problems());
        if (document.isUsable()) {
            var described = Described.walk(document.data(), Schemas.load("mlmodel"));
            found.addAll(FileRules.check(document, described));
            found.addAll(SignatureRules.check(document));
            found.addAll(DeliveryRules.check(document));
            found.addAll(NamedFiles.check(document, described, folder));
        }
        found.sort(ORDER);
        return found;
    }

    /** By place, and at one place by the ids of their rules (MLM-042). */
    static final Comparator<Violation> ORDER = Comparator
        .comparing((Violation one) -> one.line() == null ? 0 : one.line())
        .thenComparing(one -> one.column() == null ? 0 : one.column())
        .thenComparing(Violation::rule);

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
