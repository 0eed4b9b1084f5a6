package org.w3id.mlmodel.serving;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/** The body of a request, read, unpacked, and counted among those of all until it is closed (RST-073, RST-074). */
final class Received implements AutoCloseable {
    /** The largest body. */
    static final long MOST = 100L << 20;
    private static final int PIECE = 1 << 16;
    private static final Set<String> GZIP = Set.of("gzip", "x-gzip");

    private final HttpExchange exchange;
    private final AtomicLong held;
    private final long mostHeld;
    private long taken;

    /**
     * Makes it of a request of which no body is read.
     *
     * @param held the bytes of all bodies
     * @param mostHeld how many these may be
     */
    Received(HttpExchange exchange, AtomicLong held, long mostHeld) {
        this.exchange = exchange;
        this.held = held;
        this.mostHeld = mostHeld;
    }

    /** Reads the body. */
    byte[] read() throws IOException {
        var written = exchange.getRequestHeaders().getFirst("Content-Length");
        long length = written == null ? 0 : Long.parseLong(written.strip());
        if (length > MOST) throw tooLarge();
        boolean isGzip = isGzip(exchange.getRequestHeaders().getFirst("Content-Encoding"));
        var bytes = all(exchange.getRequestBody());
        if (bytes.length < length) throw MlmodelException.malformed("RST-107", "The body ends before its announced length");
        return isGzip ? unpacked(bytes) : bytes;
    }

    @Override
    public void close() {
        held.addAndGet(-taken);
    }

    private static boolean isGzip(String encoding) {
        var names = new ArrayList<String>();
        for (var one : (encoding == null ? "" : encoding).split(",")) {
            var name = one.strip().toLowerCase(Locale.ROOT);
            if (!name.isEmpty() && !name.equals("identity")) names.add(name);
        }
        if (names.isEmpty()) return false;
        if (names.size() == 1 && GZIP.contains(names.get(0))) return true;
        throw ContentType.unsupported("RST-122", "Bodies are read as gzip or identity, and in no other encoding");
    }

    private byte[] all(InputStream from) throws IOException {
        var to = new ByteArrayOutputStream();
        var piece = new byte[PIECE];
        for (int read = from.read(piece); read >= 0; read = from.read(piece)) take(piece, read, to);
        return to.toByteArray();
    }

    private void take(byte[] piece, int length, ByteArrayOutputStream to) {
        if (to.size() + length > MOST) throw tooLarge();
        taken += length;
        if (held.addAndGet(length) > mostHeld) throw Server.busy();
        to.write(piece, 0, length);
    }

    /** Unpacks all members; what ends too early, or has something else behind its end, is refused (RST-123). */
    private byte[] unpacked(byte[] packed) {
        var to = new ByteArrayOutputStream();
        boolean isWhole = Gzip.unpack(packed, (piece, length) -> take(piece, length, to));
        if (!isWhole) throw MlmodelException.malformed("RST-123", "The body is not whole gzip");
        return to.toByteArray();
    }

    private static MlmodelException tooLarge() {
        return new MlmodelException(ErrorName.PAYLOAD_TOO_LARGE, "The body is larger than " + MOST + " bytes (RST-073).");
    }
}
