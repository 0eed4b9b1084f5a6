package org.w3id.mlmodel.bridge;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.json.JsonMapper;

/**
 * What Python asks. Every answer is bytes: 0 and what was asked for, or 1 and a fault as JSON.
 *
 * <p>Methods are public for py4j, and called from several threads.
 */
public final class Bridge {
    private static final JsonMapper JSON = new JsonMapper();

    private final Map<Integer, Scorer> loaded = new ConcurrentHashMap<>();
    private final AtomicInteger last = new AtomicInteger();

    /** Loads the bundle or MOJO in a zip file, and describes it, with the number by which it is asked. */
    public byte[] load(String zip) {
        try {
            var scorer = Scorer.load(Path.of(zip));
            var said = new LinkedHashMap<>(scorer.described());
            int number = last.incrementAndGet();
            loaded.put(number, scorer);
            said.put("number", number);
            return marked(0, said);
        } catch (Throwable error) {
            return fault(error);
        }
    }

    /** Forgets a bundle. */
    public void close(int number) {
        loaded.remove(number);
    }

    /** Answers to the columns in bytes. */
    public byte[] score(int number, byte[] request) {
        try {
            return found(number).score(ByteBuffer.wrap(request)).bytes();
        } catch (Throwable error) {
            return fault(error);
        }
    }

    /** Answers to the columns in a file, by another file: what is answered here is its size. */
    public byte[] scoreFile(int number, String request, String answer) {
        try (var from = FileChannel.open(Path.of(request));
             var to = FileChannel.open(Path.of(answer), StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            var mapped = from.map(FileChannel.MapMode.READ_ONLY, 0, from.size());
            var written = found(number).score(mapped).written();
            long size = written.remaining();
            while (written.hasRemaining()) to.write(written);
            return marked(0, Map.of("size", size));
        } catch (Throwable error) {
            return fault(error);
        }
    }

    private Scorer found(int number) throws Fault {
        var scorer = loaded.get(number);
        if (scorer == null) throw new Fault(Fault.FAILURE, "there is no bundle " + number);
        return scorer;
    }

    private static byte[] fault(Throwable error) {
        if (error instanceof OutOfMemoryError memory) throw memory;
        return marked(1, Fault.of(error).told());
    }

    private static byte[] marked(int mark, Map<String, Object> said) {
        var text = JSON.writeValueAsString(said).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(1 + text.length).put((byte) mark).put(text).array();
    }
}
