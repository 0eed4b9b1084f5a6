package org.w3id.mlmodel.serving;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    /** Requests that are whole, and wait or are worked on. */
    private static final int MOST_REQUESTS = 256;
    /** Connections, each of which has a thread while a request is there. */
    private static final int MOST_CONNECTIONS = 1024;
    private static final int SECONDS_TO_END = 20;
    private static final int SECONDS_OF_HEADERS = 10;
    /** How long an answer may take to be taken. */
    private static final int SECONDS_OF_AN_ANSWER = 60;
    private static final int SECONDS_OF_IDLENESS = 75;
    /** Smaller answers are sent, whatever waits. */
    private static final int SMALL = 1 << 16;
    private static final String ID = "X-Request-ID";
    private static final String INVOCATIONS = "/invocations";
    private static final String MODELS = "/models/";

    /**
     * What an operator, or a test, may bound otherwise.
     *
     * @param secondsOfABody how long a body may take to arrive
     * @param mostAnswers how many bytes of answers may wait for their clients
     */
    record Bounds(int secondsOfABody, long mostAnswers) {
        static final Bounds DEFAULT = new Bounds(60, Math.min(512L << 20, Runtime.getRuntime().maxMemory() / 4));

        Bounds withBodiesWithin(int seconds) {
            return new Bounds(seconds, mostAnswers);
        }
    }

    private final HttpServer http;
    private final Bounds bounds;
    private final Map<String, Scoring> models;
    private final Semaphore places = new Semaphore(MOST_REQUESTS);
    private final int turnsAtOnce = Math.max(2, Runtime.getRuntime().availableProcessors());
    private final Semaphore turns = new Semaphore(turnsAtOnce, true);
    private final AtomicLong held = new AtomicLong();
    private final AtomicLong answers = new AtomicLong();
    private final Patience patience = new Patience(MOST_CONNECTIONS, SECONDS_OF_HEADERS);
    private final AtomicInteger working = new AtomicInteger();
    private volatile boolean ends;

    private Server(HttpServer http, Map<String, Scoring> models, Bounds bounds) {
        this.http = http;
        this.bounds = bounds;
        this.models = models;
    }

    /** Starts to answer for models by their names; one alone needs none. Port 0 is any that is free. */
    static Server start(Map<String, Model> models, String host, int port, Bounds bounds) throws IOException {
        set("sun.net.httpserver.nodelay", "true");
        set("sun.net.httpserver.idleInterval", String.valueOf(SECONDS_OF_IDLENESS));
        set("jdk.httpserver.maxConnections", String.valueOf(MOST_CONNECTIONS));
        var scoring = new HashMap<String, Scoring>();
        models.forEach((name, model) -> scoring.put(name, new Scoring(model)));
        var server = new Server(HttpServer.create(new InetSocketAddress(host, port), 128), scoring, bounds);
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
        patience.done();
        var id = id(exchange.getRequestHeaders().getFirst(ID));
        exchange.getResponseHeaders().set(ID, id);
        try {
            send(exchange, answered(exchange, id));
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
        boolean isBeyond = answers.addAndGet(length) > bounds.mostAnswers() && length > SMALL;
        try {
            patience.await(SECONDS_OF_AN_ANSWER);
            write(exchange, isBeyond ? Response.error(busy(), exchange.getResponseHeaders().getFirst(ID)) : response);
        } finally {
            answers.addAndGet(-length);
        }
    }

    private static void write(HttpExchange exchange, Response response) throws IOException {
        response.headers().forEach(exchange.getResponseHeaders()::set);
        boolean hasBody = response.body().length > 0 && !exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(response.status(), hasBody ? response.body().length : -1);
        if (!hasBody) return;
        exchange.getResponseBody().write(response.body());
        exchange.getResponseBody().flush();
    }

    /** Answers, beside the thread that reads it, to a body that does not come (RST-114). */
    private void refuseLate(HttpExchange exchange) {
        var message = "The body did not arrive within " + bounds.secondsOfABody() + " seconds (RST-114).";
        var id = exchange.getResponseHeaders().getFirst(ID);
        try {
            write(exchange, Response.error(new MlmodelException(ErrorName.REQUEST_TIMEOUT, message), id).with("Connection", "close"));
        } catch (IOException error) {
            // The client is gone: nobody is left to be told.
        }
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
        if (answers.get() > bounds.mostAnswers()) throw busy();
        try (var body = new Received(exchange, held, Received.MOST * turnsAtOnce)) {
            var bytes = read(exchange, body);
            if (!places.tryAcquire()) throw busy();
            try {
                return scored(exchange, model, bytes);
            } finally {
                places.release();
            }
        }
    }

    /** Reads a body within the time for bodies; who is late was told so by another thread. */
    private byte[] read(HttpExchange exchange, Received body) throws IOException {
        patience.await(bounds.secondsOfABody(), () -> refuseLate(exchange));
        try {
            return body.read();
        } finally {
            if (!patience.done()) throw new InterruptedIOException("the body is late");
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

    static MlmodelException busy() {
        return new MlmodelException(ErrorName.UNAVAILABLE, "The server has as many requests as it takes at a time (RST-074).");
    }
}
