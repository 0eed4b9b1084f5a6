package org.w3id.mlmodel.serving;

import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Members of gzip from the beginning of the bytes to their end (RST-123), unpacked once. Java's own reader passes
 * over what stands behind a member, and calls itself for each empty one.
 */
final class Gzip {
    /** What takes the unpacked bytes, piece by piece, and refuses them where they are too many. */
    interface Sink {
        void take(byte[] piece, int length);
    }

    private static final int HEADER = 10;
    private static final int TRAILER = 8;
    private static final int DEFLATE = 8;
    private static final int HAS_CHECK = 2;
    private static final int HAS_EXTRA = 4;
    private static final int HAS_NAME = 8;
    private static final int HAS_COMMENT = 16;

    private final byte[] packed;
    private final byte[] piece = new byte[1 << 16];
    private final Inflater inflater = new Inflater(true);

    private Gzip(byte[] packed) {
        this.packed = packed;
    }

    /** Unpacks all members; returns whether they are whole, and nothing else is there. */
    static boolean unpack(byte[] packed, Sink to) {
        var gzip = new Gzip(packed);
        try {
            int at = 0;
            while (at >= 0 && at < packed.length) at = gzip.member(at, to);
            return at > 0;
        } catch (DataFormatException error) {
            return false;
        } finally {
            gzip.inflater.end();
        }
    }

    /** Unpacks the member that begins here, and returns where it ends; -1 where none does. */
    private int member(int start, Sink to) throws DataFormatException {
        int at = behindHeader(start);
        if (at < 0 || at > packed.length) return -1;
        inflater.reset();
        inflater.setInput(packed, at, packed.length - at);
        var sum = new CRC32();
        while (!inflater.finished()) {
            int length = inflater.inflate(piece);
            if (length == 0 && (inflater.needsInput() || inflater.needsDictionary())) return -1;
            sum.update(piece, 0, length);
            to.take(piece, length);
        }
        int end = at + (int) inflater.getBytesRead();
        if (end + TRAILER > packed.length) return -1;
        boolean isSame = number(end, 4) == sum.getValue() && number(end + 4, 4) == (inflater.getBytesWritten() & 0xffffffffL);
        return isSame ? end + TRAILER : -1;
    }

    /** Returns a number, its lowest byte first. */
    private long number(int at, int bytes) {
        long number = 0;
        for (int one = bytes - 1; one >= 0; one--) number = number << 8 | packed[at + one] & 0xff;
        return number;
    }

    private int behindHeader(int start) {
        boolean isOne = start + HEADER <= packed.length && number(start, 2) == 0x8b1f && packed[start + 2] == DEFLATE;
        if (!isOne) return -1;
        int flags = packed[start + 3];
        int at = start + HEADER;
        if ((flags & HAS_EXTRA) != 0) {
            if (at + 2 > packed.length) return -1;
            at += 2 + (int) number(at, 2);
        }
        if ((flags & HAS_NAME) != 0) at = behindText(at);
        if ((flags & HAS_COMMENT) != 0 && at >= 0) at = behindText(at);
        return at >= 0 && (flags & HAS_CHECK) != 0 ? behindCheck(start, at) : at;
    }

    private int behindText(int start) {
        int at = start;
        while (at < packed.length && packed[at] != 0) at++;
        return at < packed.length ? at + 1 : -1;
    }

    private int behindCheck(int start, int at) {
        if (at + 2 > packed.length) return -1;
        var sum = new CRC32();
        sum.update(packed, start, at - start);
        return (sum.getValue() & 0xffff) == number(at, 2) ? at + 2 : -1;
    }
}
