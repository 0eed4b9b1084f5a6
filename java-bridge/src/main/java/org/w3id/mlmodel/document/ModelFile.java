package org.w3id.mlmodel.document;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.zip.ZipFile;
import org.w3id.mlmodel.errors.ErrorName;

/** Where a model's MLmodel file is, and its text. */
final class ModelFile {
    /** The folder of a model folder in which MLflow keeps copies of its files (DIR-007). */
    private static final String COPIES = "metadata";

    private ModelFile() {}

    /** Returns the MLmodel file that a path means: itself, or the one in the folder. */
    static Path at(Path folderOrFile) {
        return Files.isDirectory(folderOrFile) ? folderOrFile.resolve(Document.FILE_NAME) : folderOrFile;
    }

    /** Returns the folder that an MLmodel file's paths are relative to (DIR-007). */
    static Path folderOf(Path file) {
        var folder = file.getParent() == null ? Path.of("") : file.getParent();
        var above = folder.getParent();
        boolean isCopy = folder.endsWith(COPIES) && above != null && Files.isRegularFile(above.resolve(Document.FILE_NAME));
        return isCopy ? above : folder;
    }

    /**
     * Returns the text of a file that was given as a model.
     *
     * @throws Problem it is not the text that is looked for
     * @throws ModelException there is no such file, or it cannot be read
     */
    static String text(Path file, Limits limits) throws Problem {
        boolean isModel = file.endsWith(Document.FILE_NAME);
        if (isModel && Files.exists(file)) requireInside(file);
        return text(file, limits, isModel);
    }

    /** Returns the text of a file that a model names, which is known to be inside its folder. */
    static String textOfPart(Path file, Limits limits) throws Problem {
        return text(file, limits, true);
    }

    private static String text(Path file, Limits limits, boolean isOfModel) throws Problem {
        var content = content(file, limits);
        var instead = StandIn.ofText(content);
        if (instead != null) throw isOfModel ? new Problem("DIR-009", instead.saidOf("The file")) : instead(file, instead);
        return decode(content);
    }

    /** Refuses a link on the way to the file that leads out of the model's folder (DIR-011). */
    private static void requireInside(Path file) throws Problem {
        try {
            if (file.toRealPath().startsWith(folderOf(file).toRealPath())) return;
        } catch (IOException error) {
            throw unreadable(file, error.getMessage());
        }
        throw new Problem("DIR-011", "The file is a link that leads out of the model's folder, so it is not read. Copy the folder with "
            + "what its links lead to (`cp -rL FOLDER COPY`), and give the copy.");
    }

    /** Returns what is wrong with a file that was given in the place of a model. */
    private static Problem instead(Path file, StandIn found) {
        if (Set.of("zip", "tar", "gzip").contains(found.archive())) {
            var served = servedKind(file);
            if (served != null) return new Problem("LOC-019", "The file is " + served);
            return new Problem("LOC-019", "The file is a " + found.archive() + " archive, and not a model. Unpack it and give the folder.");
        }
        var folder = file.toAbsolutePath().getParent();
        if (!Files.isRegularFile(folder.resolve(Document.FILE_NAME))) return new Problem("DIR-009", found.saidOf("The file"));
        return new Problem("DIR-009", "The file is a part of a model, and not its MLmodel file: give the model's folder, " + folder + ".");
    }

    /** Returns what a zip file is that the server takes as it is, and what to do; null where it is none. */
    private static String servedKind(Path file) {
        try (var zip = new ZipFile(file.toFile())) {
            var kind = zip.getEntry("bundle.json") != null ? "a bundle of MLeap" : zip.getEntry("model.ini") != null ? "a MOJO of H2O" : null;
            return kind == null ? null : kind + " by itself, and no model folder: it has no file " + Document.FILE_NAME
                + " that could be validated. The command serve takes it as it is.";
        } catch (IOException error) {
            return null;
        }
    }

    private static byte[] content(Path file, Limits limits) {
        if (!Files.exists(file)) throw nothingAt(file);
        try {
            if (!Files.isRegularFile(file)) throw unreadable(file, "a file is expected");
            if (Files.size(file) > limits.bytes()) throw tooLarge(file, Files.size(file), limits);
            return Files.readAllBytes(file);
        } catch (IOException error) {
            throw unreadable(file, error.getMessage());
        }
    }

    static ModelException nothingAt(Path place) {
        boolean isInFolder = place.endsWith(Document.FILE_NAME);
        var folder = isInFolder && place.getParent() != null ? place.getParent() : place;
        var what = Files.isDirectory(folder) ? "no file " + Document.FILE_NAME + " in" : "nothing at";
        var message = "There is %s %s; give the folder of a saved model (DIR-001).".formatted(what, folder);
        return new ModelException(ErrorName.MODEL_NOT_FOUND, message, List.of());
    }

    private static ModelException unreadable(Path file, String why) {
        return new ModelException(ErrorName.UNREADABLE_MODEL, file + " cannot be read: " + why + ".", List.of());
    }

    private static ModelException tooLarge(Path file, long size, Limits limits) {
        var what = "has %,d bytes, more than the limit of %,d".formatted(size, limits.bytes());
        var message = "The file " + what + "; it was not read. Move large values out of it.";
        var found = new Problem("MLM-002", message).in(file.toString());
        return new ModelException(ErrorName.UNREADABLE_MODEL, file + " is too large: it " + what + ".", List.of(found));
    }

    /** Returns the text of bytes in UTF-8 (MLM-001). */
    static String decode(byte[] content) throws Problem {
        var input = ByteBuffer.wrap(content);
        if (content.length >= 3 && content[0] == (byte) 0xEF && content[1] == (byte) 0xBB && content[2] == (byte) 0xBF) {
            input.position(3);
        }
        int start = input.position();
        var decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
        try {
            return decoder.decode(input).toString();
        } catch (CharacterCodingException error) {
            throw notText(content, start, input.position());
        }
    }

    private static Problem notText(byte[] content, int start, int at) {
        boolean isUtf16 = content.length > 1 && (content[0] & 0xFF) + (content[1] & 0xFF) == 0xFF + 0xFE;
        for (int one = 0; one < content.length && !isUtf16; one++) {
            if (content[one] != 0) continue;
            return new Problem("MLM-001", "The file holds binary data; a text is expected (YAML, in UTF-8).", 1, 1);
        }
        var read = new String(content, start, at - start, StandardCharsets.UTF_8);
        var message = "The file is not UTF-8: the byte 0x%02x at offset %d cannot be read. Save it as UTF-8."
            .formatted(content[at], at);
        return new Problem("MLM-001", message, new Lines(read).place(read.codePointCount(0, read.length())));
    }
}
