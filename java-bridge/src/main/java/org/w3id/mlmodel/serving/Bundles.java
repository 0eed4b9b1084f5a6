package org.w3id.mlmodel.serving;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.w3id.mlmodel.bridge.Fault;
import org.w3id.mlmodel.bridge.Mojo;
import org.w3id.mlmodel.bridge.Scorer;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;

/** Bundles, and MOJOs, read from a copy in a zip file of our own, which no link and no name leads out of (MLP-003, HTO-009). */
final class Bundles {
    private static final String BUNDLE = "bundle.json";
    private static final String MOJO = "model.ini";

    private Bundles() {}

    /** Returns whether a folder or file is a bundle by itself. */
    static boolean isAlone(Path place) {
        return Files.isRegularFile(place) || Files.isRegularFile(place.resolve(BUNDLE));
    }

    /** Loads the bundle in a folder or zip file, or the MOJO in a zip file. */
    static Model alone(Path place) {
        return loaded(place, null, BUNDLE, MOJO);
    }

    /** Loads a bundle, in a folder or zip file. */
    static Model bundle(Path place, Signature signature) {
        return loaded(place, signature, BUNDLE);
    }

    /** Loads a MOJO, in a zip file. */
    static Model mojo(Path place, Signature signature) {
        if (Files.isDirectory(place)) throw invalid(place, "is a folder, and a MOJO is a zip file", MOJO);
        return loaded(place, signature, MOJO);
    }

    private static Model loaded(Path place, Signature signature, String... needed) {
        var rule = needed[needed.length - 1];
        try {
            var copy = Files.createTempFile("mlmodel-jvm-", ".zip");
            try {
                if (Files.isDirectory(place)) pack(place, copy);
                else Files.copy(place, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                rule = required(copy, place, needed);
                return model(Scorer.load(copy), signature, place, rule);
            } finally {
                Files.delete(copy);
            }
        } catch (IOException error) {
            throw new MlmodelException(ErrorName.UNREADABLE_MODEL, place.getFileName() + " could not be read.");
        } catch (Fault fault) {
            throw unread(place, fault, rule);
        }
    }

    private static Model model(Scorer scorer, Signature signature, Path place, String found) {
        if (found.equals(MOJO) != scorer instanceof Mojo) throw invalid(place, "has both " + BUNDLE + " and " + MOJO + " in it", found);
        return scorer instanceof Mojo mojo ? new MojoModel(mojo, signature) : new ScorerModel(scorer, signature);
    }

    /** Returns which of some files is at the top of a zip file; a MOJO is one that has both. */
    private static String required(Path zip, Path place, String... needed) {
        try (var opened = new ZipFile(zip.toFile())) {
            for (int at = needed.length - 1; at >= 0; at--) if (opened.getEntry(needed[at]) != null) return needed[at];
        } catch (IOException error) {
            throw invalid(place, "is no whole zip file", needed[0]);
        }
        throw invalid(place, needed.length > 1 ? "has neither " + String.join(" nor ", needed) + " in it" : "has no " + needed[0] + " in it", needed[0]);
    }

    private static void pack(Path root, Path zip) throws IOException {
        var files = new TreeMap<String, Path>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes about) {
                var name = root.relativize(file).toString().replace('\\', '/');
                if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) throw invalid(root, name + " is no file of its own", BUNDLE);
                files.put(name, file);
                return FileVisitResult.CONTINUE;
            }
        });
        try (var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var one : files.entrySet()) {
                to.putNextEntry(new ZipEntry(one.getKey()));
                Files.copy(one.getValue(), to);
            }
        }
    }

    private static String rule(String file) {
        return file.equals(MOJO) ? "HTO-009" : "MLP-004";
    }

    private static MlmodelException invalid(Path place, String what, String file) {
        return new MlmodelException(ErrorName.INVALID_MODEL, place.getFileName() + " " + what + " (" + rule(file) + ").");
    }

    private static MlmodelException unread(Path place, Fault fault, String file) {
        var told = fault.told();
        boolean isUnknown = Fault.UNSUPPORTED.equals(told.get("kind"));
        boolean hasVersions = told.get("version") instanceof String version && !version.isEmpty();
        var versions = hasVersions ? " MLeap " + told.get("version") + " wrote it, and " + told.get("runtime") + " reads it here." : "";
        return new MlmodelException(isUnknown ? ErrorName.UNSUPPORTED_MODEL : ErrorName.INVALID_MODEL,
            place.getFileName() + " cannot be read: " + fault.getMessage() + "." + versions + " (" + rule(file) + ")");
    }
}
