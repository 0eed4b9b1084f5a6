package org.w3id.mlmodel.document;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What the MLmodel file of a model breaks, and what the files do that lie beside it, but for the input example: that
 * takes a signature.
 *
 * <p>Nothing of the model is run or loaded.
 */
public final class FolderCheck {
    /** By place, and at one place by the ids of their rules (MLM-042). */
    static final Comparator<Violation> ORDER = Comparator
        .comparing((Violation one) -> one.line() == null ? 0 : one.line())
        .thenComparing(one -> one.column() == null ? 0 : one.column())
        .thenComparing(Violation::rule);

    private final Document document;
    private final Folder folder;
    private final List<Violation> violations;

    private FolderCheck(Document document, Folder folder, List<Violation> violations) {
        this.document = document;
        this.folder = folder;
        this.violations = Tally.listed(violations);
    }

    /**
     * Checks the model at a path, a model folder or its MLmodel file; its violations name files as reached through it.
     *
     * @throws ModelException there is none, or it cannot be read
     */
    public static FolderCheck of(Path folderOrFile) {
        var at = ModelFile.at(folderOrFile);
        try {
            return of(Document.compose(ModelFile.text(at, Limits.DEFAULT), at.toString(), "mlmodel"), at);
        } catch (Problem problem) {
            return of(Document.unusable(at.toString(), problem), at);
        }
    }

    private static FolderCheck of(Document document, Path file) {
        var folder = new Folder(ModelFile.folderOf(file));
        var found = check(document, folder);
        if (document.isUsable()) found.addAll(EnvironmentRules.check(folder, document));
        return new FolderCheck(document, folder, found);
    }

    /** Checks the text of an MLmodel file, and no folder. */
    public static FolderCheck ofText(String text) {
        var document = Document.compose(text, Document.FILE_NAME, "mlmodel");
        return new FolderCheck(document, null, check(document, null));
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

    /** Returns the MLmodel file; what cannot be read as one is empty. */
    public Document document() {
        return document;
    }

    /** Returns what is broken: in the MLmodel file first, then in the files of the environment. */
    public List<Violation> violations() {
        return violations;
    }

    /** Returns the file of an input example by its name; null where it is not there, which is said where it is named. */
    public ExampleFile example(Object name) {
        return folder == null ? null : ExampleFile.of(folder, name);
    }
}
