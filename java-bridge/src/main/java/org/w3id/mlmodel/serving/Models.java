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
    private static final String H2O = "h2o";
    /** Asks for what answers for models of H2O. */
    private static final String WAY = "MLMODEL_H2O";

    private Models() {}

    static Model load(Path place, boolean isAskedVectors) {
        if (!Files.exists(place)) {
            throw new MlmodelException(ErrorName.MODEL_NOT_FOUND, "There is no model at " + place + ".");
        }
        boolean isModel = Files.isDirectory(place) && Files.exists(place.resolve(Document.FILE_NAME));
        if (!isModel && Bundles.isAlone(place)) return Bundles.alone(place);
        try {
            return of(place, Document.read(place), isAskedVectors);
        } catch (ModelException error) {
            throw new MlmodelException(error.name(), error.getMessage());
        }
    }

    private static Model of(Path folder, Document document, boolean isAskedVectors) {
        var flavors = document.flavors();
        var signature = signature(document);
        if (isOfH2o(flavors) && ((Map<?, ?>) flavors.get(H2O)).get("mojo") != null) {
            requireMojoWanted(System.getenv(WAY));
            return Bundles.mojo(inside(folder, ((Map<?, ?>) flavors.get(H2O)).get("mojo"), "mojo", "HTO-002"), signature);
        }
        if (flavors.get("mleap") instanceof Map<?, ?> mleap) {
            return Bundles.bundle(inside(folder, mleap.get("model_data"), "model_data", "MLP-001"), signature);
        }
        if (isAskedVectors && flavors.get("conformance") instanceof Map<?, ?> asked) {
            return new ConformanceModel(String.valueOf(asked.get("model")), signature);
        }
        if (isOfH2o(flavors)) {
            throw new MlmodelException(ErrorName.UNSUPPORTED_MODEL, "The model of H2O has no MOJO, without which it needs H2O's own server; "
                + "save it with mojo=True (HTO-010).");
        }
        var names = flavors.keySet().stream().map(String::valueOf).collect(Collectors.joining(", "));
        throw new MlmodelException(ErrorName.UNSUPPORTED_MODEL,
            "This server scores models of the flavor mleap, and python_functions of H2O that "
            + "have a MOJO; the model has " + names + " (RST-087).");
    }

    /** Returns whether the python_function of a model is one of H2O: another one answers otherwise than the flavor beside it. */
    private static boolean isOfH2o(Map<Object, Object> flavors) {
        return flavors.get(H2O) instanceof Map && flavors.get("python_function") instanceof Map<?, ?> function
            && "mlflow.h2o".equals(function.get("loader_module"));
    }

    /** Goes on where a MOJO may answer for a model of H2O, which its user may not want (HTO-010). */
    static void requireMojoWanted(String way) {
        if (way == null || way.isEmpty() || way.equals("mojo")) return;
        if (!way.equals("server")) throw new MlmodelException(ErrorName.INVALID_ARGUMENT, WAY + " is mojo or server, not '" + way + "' (HTO-010).");
        throw new MlmodelException(ErrorName.MISSING_DEPENDENCY, WAY + " asks for a server of H2O, and this one answers by MOJOs alone; "
            + "leave it out, or set it to mojo (HTO-010).");
    }

    private static Signature signature(Document document) {
        var texts = document.signature();
        boolean isNone = texts == null || (texts.inputs() == null && texts.outputs() == null && texts.params() == null);
        try {
            if (isNone) return null;
            var signature = Signature.of(document);
            new Declared(signature); // whose record of delivery may be broken
            return signature;
        } catch (MlmodelException error) { // of the model, and not of the command's arguments
            throw new MlmodelException(ErrorName.INVALID_MODEL, error.getMessage());
        }
    }

    /** Returns a path that the file names, which must not lead out of the folder. */
    private static Path inside(Path folder, Object name, String key, String rule) {
        if (!(name instanceof String text) || text.isBlank()) {
            throw new MlmodelException(ErrorName.INVALID_MODEL, "The flavor has no path under " + key + " (" + rule + ").");
        }
        try {
            var root = folder.toRealPath();
            var place = root.resolve(text);
            if (!Files.exists(place)) {
                throw new MlmodelException(ErrorName.INVALID_MODEL, text + ", which " + key + " names, is not there (DIR-003).");
            }
            if (place.toRealPath().startsWith(root) && !Path.of(text).isAbsolute()) return place.toRealPath();
        } catch (java.io.IOException | java.nio.file.InvalidPathException error) {
            throw new MlmodelException(ErrorName.UNREADABLE_MODEL, text + " could not be read.");
        }
        throw new MlmodelException(ErrorName.INVALID_MODEL, key + " leads out of the model's folder: " + text + ".");
    }
}
