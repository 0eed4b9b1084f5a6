package org.w3id.mlmodel.serving;

import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Whether bytes are members of gzip from their beginning to their end, which Java's own reader does not say. */
final class Gzip {
    private static final int HEADER = 10;
    private static final int TRAILER = 8;
    private static final int HAS_CHECK = 2;
    private static final int HAS_EXTRA = 4;
    private static final int HAS_NAME = 8;
    private static final int HAS_COMMENT = 16;

    private Gzip() {}

    static boolean isWhole(byte[] packed) {
        int at = 0;
        while (at < packed.length) {
            at = end(packed, at);
            if (at < 0 || at > packed.length) return false;
        }
        return at > 0;
    }

    /** Returns where the member that begins here ends; -1 where none begins. */
    private static int end(byte[] packed, int start) {
        if (start + HEADER > packed.length || (packed[start] & 0xff) != 0x1f || (packed[start + 1] & 0xff) != 0x8b) return -1;
        int at = behindHeader(packed, start);
        if (at < 0 || at > packed.length) return -1;
        var inflater = new Inflater(true);
        try {
            inflater.setInput(packed, at, packed.length - at);
            var piece = new byte[1 << 16];
            while (!inflater.finished()) {
                if (inflater.inflate(piece) == 0 && (inflater.needsInput() || inflater.needsDictionary())) return -1;
            }
            return at + (int) inflater.getBytesRead() + TRAILER;
        } catch (DataFormatException error) {
            return -1;
        } finally {
            inflater.end();
        }
    }

    private static int behindHeader(byte[] packed, int start) {
        int flags = packed[start + 3];
        int at = start + HEADER;
        if ((flags & HAS_EXTRA) != 0) {
            if (at + 2 > packed.length) return -1;
            at += 2 + (packed[at] & 0xff) + ((packed[at + 1] & 0xff) << 8);
        }
        if ((flags & HAS_NAME) != 0) at = behindText(packed, at);
        if ((flags & HAS_COMMENT) != 0 && at >= 0) at = behindText(packed, at);
        return at >= 0 && (flags & HAS_CHECK) != 0 ? at + 2 : at;
    }

    private static int behindText(byte[] packed, int start) {
        int at = start;
        while (at >= 0 && at < packed.length && packed[at] != 0) at++;
        return at < packed.length ? at + 1 : -1;
    }
}
