package org.w3id.mlmodel.bridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * What comes out of a zip file, counted before anybody reads it whole (TRU-021).
 *
 * <p>MLeap and H2O keep all of it in memory, and a small file can hold very much. They also believe what its
 * directory says of sizes and names, so that is held against what is there.
 */
final class Unpacked {
    /** Bytes that may come out of it whatever its size. */
    static final long FREE = 64L << 20;
    /** How many times its size. */
    private static final long TIMES = 200;
    /** The most bytes of any. */
    private static final long MOST = 8L << 30;
    private static final int PIECE = 1 << 16;

    private Unpacked() {}

    /** Goes on where a zip file has what its directory says, and no more than its size warrants. */
    static void require(Path zip) throws Fault {
        try (var file = new ZipFile(zip.toFile())) {
            long left = Math.min(Math.max(FREE, TIMES * Files.size(zip)), MOST);
            var names = new HashSet<String>();
            for (var each = file.entries(); each.hasMoreElements();) {
                var entry = each.nextElement();
                if (!names.add(entry.getName())) throw new Fault(Fault.BUNDLE, "it has the file " + entry.getName() + " twice");
                left -= size(file, entry, left);
            }
        } catch (IOException error) {
            throw new Fault(Fault.BUNDLE, Fault.said(error));
        }
    }

    /** Returns the size of a file in it; of what is too much no more is unpacked than shows it. */
    private static long size(ZipFile file, ZipEntry entry, long left) throws IOException, Fault {
        long size = 0;
        try (var stream = file.getInputStream(entry)) {
            var piece = new byte[PIECE];
            for (int read; (read = stream.read(piece)) >= 0;) {
                size += read;
                if (size > left) throw tooMuch();
            }
        }
        if (size != entry.getSize()) throw new Fault(Fault.BUNDLE, "the size of " + entry.getName() + " is not what it says");
        return size;
    }

    private static Fault tooMuch() {
        return new Fault(Fault.BUNDLE, "it expands to more than " + TIMES + " times its size, and more than "
            + (FREE >> 20) + " MiB (TRU-021)");
    }
}
