package org.w3id.mlmodel.serving;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.w3id.mlmodel.document.Document;
import org.w3id.mlmodel.document.ModelException;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;

/** Models by their place: a folder with an MLmodel file, a bundle of MLeap alone, or a MOJO of H2O. */
final class Models {
    private Models() {}

    static Model load(Path place, boolean isAskedVectors) {
        if (!Files.exists(place)) {
            throw new MlmodelException(ErrorName.MODEL_NOT_FOUND, "There is no model at " + place + ".");
        }
        boolean isModel = Files.isDirectory(place) && Files.exists(place.resolve(Document.FILE_NAME));
        if (!isModel && Bundles.isBundle(place)) return new ScorerModel(Bundles.load(place), null);
        try {
            return of(place, Document.read(place), isAskedVectors);
        } catch (ModelException error) {
            throw new MlmodelException(error.name(), error.getMessage());
        }
    }

    private static Model of(Path folder, Document document, boolean isAskedVectors) {
        var flavors = document.flavors();
        var signature = signature(document);
        if (flavors.get("mleap") instanceof Map<?, ?> mleap) {
            return new ScorerModel(Bundles.load(inside(folder, mleap.get("model_data"))), signature);
        }
        if (isAskedVectors && flavors.get("conformance") instanceof Map<?, ?> asked) {
            return new ConformanceModel(String.valueOf(asked.get("model")), signature);
        }
        var names = flavors.keySet().stream().map(String::valueOf).collect(Collectors.joining(", "));
        throw new MlmodelException(ErrorName.UNSUPPORTED_MODEL,
            "This server scores models of the flavor mleap; the model has " + names + " (RST-087).");
    }

    private static Signature signature(Document document) {
        var texts = document.signature();
        boolean isNone = texts == null || (texts.inputs() == null && texts.outputs() == null && texts.params() == null);
        return isNone ? null : Signature.of(document);
    }

    /** Returns a path that the file names, which must not lead out of the folder. */
    private static Path inside(Path folder, Object name) {
        if (!(name instanceof String text) || text.isBlank()) {
            throw new MlmodelException(ErrorName.INVALID_MODEL, "The flavor mleap has no model_data (MLP-001).");
        }
        try {
            var root = folder.toRealPath();
            var place = root.resolve(text);
            if (!Files.exists(place)) {
                throw new MlmodelException(ErrorName.INVALID_MODEL, text + ", which model_data names, is not there (DIR-003).");
            }
            if (place.toRealPath().startsWith(root) && !Path.of(text).isAbsolute()) return place.toRealPath();
        } catch (java.io.IOException | java.nio.file.InvalidPathException error) {
            throw new MlmodelException(ErrorName.UNREADABLE_MODEL, text + " could not be read.");
        }
        throw new MlmodelException(ErrorName.INVALID_MODEL, "model_data leads out of the model's folder: " + text + ".");
    }
}
