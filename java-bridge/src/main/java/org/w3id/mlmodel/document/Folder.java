package org.w3id.mlmodel.document;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** A model folder for the time of one check; the one place where a written path becomes one of this machine. */
final class Folder {
    /** No system opens a longer path (DIR-002). */
    private static final int LONGEST = 4_096;
    private static final int MOST_LINKS = 40;
    private static final Pattern DRIVE = Pattern.compile("[A-Za-z]:");
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/");
    private static final Pattern SEPARATOR = Pattern.compile("[/\\\\]");

    final Path root;
    private final Path real;
    private final Map<String, Found> followed = new HashMap<>();

    /** Where a path leads, or what is wrong with it. */
    record Found(Path place, String wrong) {}

    Folder(Path root) {
        this.root = root;
        real = followed(root.toAbsolutePath());
    }

    /** Returns what makes a written path leave the folder, whatever lies on the disk, or null (DIR-002). */
    static String whatIsWrong(String written) {
        if (written.isEmpty()) return "is empty";
        if (written.codePointCount(0, written.length()) > LONGEST) return "has more than 4,096 characters";
        if (written.indexOf('\0') >= 0) return "holds a null character";
        if (SCHEME.matcher(written).lookingAt()) return "is a URI";
        if (written.charAt(0) == '/' || written.charAt(0) == '\\') return "is absolute";
        if (DRIVE.matcher(written).lookingAt()) return "names a drive";
        return Arrays.asList(SEPARATOR.split(written, -1)).contains("..") ? "holds '..'" : null;
    }

    /** Returns where a path that is not wrong by its text leads: inside the folder, whether something is there or not (DIR-004). */
    Found find(String written) {
        return followed.computeIfAbsent(written, this::follow);
    }

    /** Returns the place of a file of the folder by its path, null where the path leads out. */
    Path inside(String written) {
        return whatIsWrong(written) == null ? find(written).place : null;
    }

    private Found follow(String written) {
        try {
            var literal = real.resolve(written);
            // A backslash separates where no file has it in its name (DIR-006).
            boolean isMeant = written.indexOf('\\') < 0 || Files.exists(literal);
            var target = followed(isMeant ? literal : real.resolve(written.replace('\\', '/')));
            if (target == null) return new Found(null, "cannot be followed (a loop of links)");
            return target.startsWith(real) ? new Found(target, null)
                : new Found(null, "leads out of the model folder through a link");
        } catch (InvalidPathException error) {
            return new Found(null, "cannot be followed (" + error.getReason() + ")");
        }
    }

    /** Returns a path without links; what is not there stays as it is written; null for a loop. */
    private static Path followed(Path path) {
        try {
            return path.toRealPath();
        } catch (FileSystemLoopException error) {
            return null;
        } catch (IOException error) {
            return partly(path, MOST_LINKS);
        }
    }

    /** Follows a path whose end, or the target of a link on the way, is not there. */
    private static Path partly(Path path, int left) {
        if (left == 0) return null;
        var at = path.getRoot();
        for (int index = 0; index < path.getNameCount(); index++) {
            var next = at.resolve(path.getName(index)).normalize();
            if (Files.isSymbolicLink(next)) {
                var rest = index + 1 < path.getNameCount() ? path.subpath(index + 1, path.getNameCount()) : Path.of("");
                try {
                    return partly(at.resolve(Files.readSymbolicLink(next)).resolve(rest), left - 1);
                } catch (IOException error) {
                    return null;
                }
            }
            at = next;
        }
        return at;
    }

}
