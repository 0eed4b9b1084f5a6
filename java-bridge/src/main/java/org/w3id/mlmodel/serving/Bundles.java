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
import org.w3id.mlmodel.bridge.Scorer;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/** Bundles, and MOJOs, read from a copy in a zip file of our own, which no link and no name leads out of (MLP-003). */
final class Bundles {
    private static final String BUNDLE = "bundle.json";
    private static final String MOJO = "model.ini";

    private Bundles() {}

    /** Returns whether a folder or file is a bundle by itself. */
    static boolean isBundle(Path place) {
        return Files.isRegularFile(place) || Files.isRegularFile(place.resolve(BUNDLE));
    }

    /** Loads the bundle in a folder or zip file, or the MOJO in a zip file. */
    static Scorer load(Path place) {
        try {
            var copy = Files.createTempFile("mlmodel-mleap-", ".zip");
            try {
                if (Files.isDirectory(place)) pack(place, copy);
                else Files.copy(place, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                requireBundle(copy, place);
                return Scorer.load(copy);
            } finally {
                Files.delete(copy);
            }
        } catch (IOException error) {
            throw new MlmodelException(ErrorName.UNREADABLE_MODEL, place.getFileName() + " could not be read.");
        } catch (Fault fault) {
            throw unread(place, fault);
        }
    }

    private static void requireBundle(Path zip, Path place) {
        try (var opened = new ZipFile(zip.toFile())) {
            if (opened.getEntry(BUNDLE) != null || opened.getEntry(MOJO) != null) return;
            throw invalid(place, "has neither " + BUNDLE + " nor " + MOJO + " in it");
        } catch (IOException error) {
            throw invalid(place, "is no whole zip file");
        }
    }

    private static void pack(Path root, Path zip) throws IOException {
        var files = new TreeMap<String, Path>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes about) {
                var name = root.relativize(file).toString().replace('\\', '/');
                if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) throw invalid(root, name + " is no file of its own");
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

    private static MlmodelException invalid(Path place, String what) {
        return new MlmodelException(ErrorName.INVALID_MODEL, place.getFileName() + " " + what + " (MLP-004).");
    }

    private static MlmodelException unread(Path place, Fault fault) {
        var told = fault.told();
        boolean isUnknown = Fault.UNSUPPORTED.equals(told.get("kind"));
        boolean hasVersions = told.get("version") instanceof String version && !version.isEmpty();
        var versions = hasVersions ? " MLeap " + told.get("version") + " wrote it, and " + told.get("runtime") + " reads it here." : "";
        return new MlmodelException(isUnknown ? ErrorName.UNSUPPORTED_MODEL : ErrorName.INVALID_MODEL,
            place.getFileName() + " cannot be read: " + fault.getMessage() + "." + versions + " (MLP-004)");
    }
}
