package org.w3id.mlmodel.serving;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.w3id.mlmodel.Version;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/**
 * The server of models: their paths, and the bounds of what it takes at a time.
 *
 * <p>Requests are read by threads of their own, so that what arrives slowly holds up nobody; of those that are
 * whole as many are worked on as there are processors, and the others wait.
 */
final class Server {
    /** The largest body. */
    static final long MAX_BODY = 100L << 20;
    /** Requests that are whole, and wait or are worked on. */
    private static final int MOST_REQUESTS = 256;
    /** Connections, each of which has a thread while a request is there. */
    private static final int MOST_CONNECTIONS = 1024;
    /** Bytes of answers that wait for their clients. */
    private static final long MOST_ANSWERS = Math.min(512L << 20, Runtime.getRuntime().maxMemory() / 4);
    private static final int SECONDS_TO_END = 20;
    private static final int SECONDS_OF_HEADERS = 10;
    /** How long a body may take to arrive, and an answer to be taken. */
    private static final int SECONDS_OF_A_BODY = 60;
    private static final int SECONDS_OF_IDLENESS = 75;
    private static final int PIECE = 1 << 16;
    private static final String INVOCATIONS = "/invocations";
    private static final String MODELS = "/models/";

    private final HttpServer http;
    private final Map<String, Scoring> models;
    private final Semaphore places = new Semaphore(MOST_REQUESTS);
    private final int turnsAtOnce = Math.max(2, Runtime.getRuntime().availableProcessors());
    private final Semaphore turns = new Semaphore(turnsAtOnce, true);
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong answers = new AtomicLong();
    private final Patience patience = new Patience(MOST_CONNECTIONS, SECONDS_OF_HEADERS);
    private final AtomicInteger working = new AtomicInteger();
    private volatile boolean ends;

    private Server(HttpServer http, Map<String, Scoring> models) {
        this.http = http;
        this.models = models;
    }

    /** Starts to answer for models by their names; one alone needs none. Port 0 is any that is free. */
    static Server start(Map<String, Model> models, String host, int port) throws IOException {
        set("sun.net.httpserver.nodelay", "true");
        set("sun.net.httpserver.idleInterval", String.valueOf(SECONDS_OF_IDLENESS));
        set("jdk.httpserver.maxConnections", String.valueOf(MOST_CONNECTIONS));
        var scoring = new HashMap<String, Scoring>();
        models.forEach((name, model) -> scoring.put(name, new Scoring(model)));
        var server = new Server(HttpServer.create(new InetSocketAddress(host, port), 128), scoring);
        server.http.setExecutor(server.patience::execute);
        server.http.createContext("/", server::handle);
        server.http.start();
        return server;
    }

    /** Sets a property of Java's server, which reads it when it is first used; the operator's own stays. */
    private static void set(String property, String value) {
        if (System.getProperty(property) == null) System.setProperty(property, value);
    }

    int port() {
        return http.getAddress().getPort();
    }

    /** Takes nothing new, finishes what was begun, for 20 seconds at most, and ends (RST-076). */
    void stop() {
        ends = true;
        long latest = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS_TO_END);
        while (working.get() > 0 && System.nanoTime() < latest) {
            try {
                Thread.sleep(10);
            } catch (InterruptedException error) {
                break;
            }
        }
        http.stop(0);
    }

    private void handle(HttpExchange exchange) {
        working.incrementAndGet();
        patience.await(SECONDS_OF_A_BODY);
        var id = id(exchange.getRequestHeaders().getFirst("X-Request-ID"));
        try {
            var response = answered(exchange, id);
            exchange.getResponseHeaders().set("X-Request-ID", id);
            send(exchange, response);
        } catch (IOException error) {
            // The client is gone: nobody is left to be told.
        } finally {
            exchange.close();
            working.decrementAndGet();
        }
    }

    /** Sends an answer, unless those that wait for slow clients are too many (RST-074). */
    private void send(HttpExchange exchange, Response response) throws IOException {
        int length = response.body().length;
        boolean isBeyond = answers.addAndGet(length) > MOST_ANSWERS && length > PIECE;
        try {
            sendWithin(exchange, isBeyond ? Response.error(busy(), exchange.getResponseHeaders().getFirst("X-Request-ID")) : response);
        } finally {
            answers.addAndGet(-length);
        }
    }

    private void sendWithin(HttpExchange exchange, Response response) throws IOException {
        response.headers().forEach(exchange.getResponseHeaders()::set);
        patience.await(SECONDS_OF_A_BODY);
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        int length = response.body().length;
        exchange.sendResponseHeaders(response.status(), isHead || length == 0 ? -1 : length);
        if (!isHead) exchange.getResponseBody().write(response.body());
    }

    /** Returns the client's own id if it is one (RST-151), else one of ours. */
    private static String id(String given) {
        boolean isOne = given != null && given.matches("[A-Za-z0-9][A-Za-z0-9._:/+=@~-]{0,127}");
        return isOne ? given : UUID.randomUUID().toString();
    }

    private Response answered(HttpExchange exchange, String id) throws IOException {
        try {
            return routed(exchange);
        } catch (MlmodelException error) {
            var response = Response.error(error, id);
            return error.name() == ErrorName.METHOD_NOT_ALLOWED ? response.with("Allow", allowed(path(exchange))) : response;
        } catch (OutOfMemoryError error) {
            return Response.error(new MlmodelException(ErrorName.UNAVAILABLE, "There is no memory for the request now."), id);
        } catch (RuntimeException | StackOverflowError error) {
            Log.say("request " + id + " failed", error);
            return Response.error(new MlmodelException(
                ErrorName.INTERNAL_ERROR, "The server failed; its log tells more, under the id " + id + "."), id);
        }
    }

    private static String path(HttpExchange exchange) {
        var path = exchange.getRequestURI().getPath();
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private static String allowed(String path) {
        return path.endsWith(INVOCATIONS) ? "POST" : "GET, HEAD";
    }

    private Response routed(HttpExchange exchange) throws IOException {
        Framing.require(exchange);
        var path = path(exchange);
        Scoring model = model(path);
        boolean isKnown = model != null || path.equals("/ping") || path.equals("/health") || path.equals("/version");
        if (!isKnown) {
            throw new MlmodelException(ErrorName.NOT_FOUND, "There is nothing at this path; this server has /ping, /health, "
                + "/version, and " + Places.paths(models.keySet()) + " (RST-072).");
        }
        if (!List.of(allowed(path).split(", ")).contains(exchange.getRequestMethod())) {
            throw new MlmodelException(ErrorName.METHOD_NOT_ALLOWED, "This path takes " + allowed(path) + " (RST-072).");
        }
        if (model != null) return scored(exchange, model);
        return Response.text(path.equals("/version") ? Version.OF_PROJECT : "\n");
    }

    /** Returns the model that a path scores; null of one that scores none. */
    private Scoring model(String path) {
        if (path.equals(INVOCATIONS)) return models.size() == 1 ? models.values().iterator().next() : null;
        boolean isOne = path.startsWith(MODELS) && path.endsWith(INVOCATIONS);
        int end = path.length() - INVOCATIONS.length();
        return isOne && end > MODELS.length() ? models.get(path.substring(MODELS.length(), end)) : null;
    }

    private Response scored(HttpExchange exchange, Scoring model) throws IOException {
        if (ends) throw new MlmodelException(ErrorName.UNAVAILABLE, "The server ends.");
        var body = new Body(exchange);
        try {
            var bytes = body.read();
            patience.done();
            if (!places.tryAcquire()) throw busy();
            try {
                return scored(exchange, model, bytes);
            } finally {
                places.release();
            }
        } finally {
            held.addAndGet(-body.taken);
        }
    }

    private Response scored(HttpExchange exchange, Scoring model, byte[] body) {
        turns.acquireUninterruptibly();
        try {
            var headers = exchange.getRequestHeaders();
            return model.answer(headers.getFirst("Content-Type"), headers.getFirst("Accept"), body);
        } finally {
            turns.release();
        }
    }

    private static MlmodelException busy() {
        return new MlmodelException(ErrorName.UNAVAILABLE, "The server has as many requests as it takes at a time (RST-074).");
    }

    private static MlmodelException tooLarge() {
        return new MlmodelException(ErrorName.PAYLOAD_TOO_LARGE, "The body is larger than " + MAX_BODY + " bytes (RST-073).");
    }

    /** The body of a request, counted among those of all (RST-073, RST-074). */
    private final class Body {
        private final HttpExchange exchange;
        private long taken;

        Body(HttpExchange exchange) {
            this.exchange = exchange;
        }

        byte[] read() throws IOException {
            var length = exchange.getRequestHeaders().getFirst("Content-Length");
            if (length != null && Long.parseLong(length.strip()) > MAX_BODY) throw tooLarge();
            var encoding = exchange.getRequestHeaders().getFirst("Content-Encoding");
            boolean isGzip = isGzip(encoding);
            var bytes = all(exchange.getRequestBody());
            if (length != null && bytes.length < Long.parseLong(length.strip())) {
                throw MlmodelException.malformed("RST-107", "The body ends before its announced length");
            }
            return isGzip ? unpacked(bytes) : bytes;
        }

        private boolean isGzip(String encoding) {
            var names = new ArrayList<String>();
            for (var one : (encoding == null ? "" : encoding).split(",")) {
                var name = one.strip().toLowerCase(Locale.ROOT);
                if (!name.isEmpty() && !name.equals("identity")) names.add(name);
            }
            if (names.isEmpty()) return false;
            if (names.size() == 1 && Set.of("gzip", "x-gzip").contains(names.get(0))) return true;
            throw ContentType.unsupported("RST-122", "Bodies are read as gzip or identity, and in no other encoding");
        }

        private byte[] all(InputStream from) throws IOException {
            var to = new ByteArrayOutputStream();
            var piece = new byte[PIECE];
            for (int read = from.read(piece); read >= 0; read = from.read(piece)) {
                take(piece, read, to);
            }
            return to.toByteArray();
        }

        private void take(byte[] piece, int length, ByteArrayOutputStream to) {
            if (to.size() + length > MAX_BODY) throw tooLarge();
            taken += length;
            if (held.addAndGet(length) > MAX_BODY * turnsAtOnce) throw busy();
            to.write(piece, 0, length);
        }

        /** Unpacks all members; what ends too early, or has something else behind its end, is refused (RST-123). */
        private byte[] unpacked(byte[] packed) {
            var to = new ByteArrayOutputStream();
            boolean isWhole = Gzip.unpack(packed, (piece, length) -> take(piece, length, to));
            if (!isWhole) throw MlmodelException.malformed("RST-123", "The body is not whole gzip");
            return to.toByteArray();
        }
    }
}
