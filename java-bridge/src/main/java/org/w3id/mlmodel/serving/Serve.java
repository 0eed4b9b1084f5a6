package org.w3id.mlmodel.serving;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/** The command {@code serve MODEL... [-p PORT] [-h HOST]}: a server of models, until it is told to end. */
public final class Serve {
    static final String VERSION = "0.1.0";
    private static final String USAGE = "usage: java -jar mlmodel-bridge.jar serve MODEL... [-p PORT] [-h HOST]";

    private final Map<String, Path> models = new LinkedHashMap<>();
    private String host = "127.0.0.1";
    private int port = 5000;
    /** Whether models of the flavor conformance are served, which are there for the vectors alone. */
    private boolean isAskedVectors;

    private Serve() {}

    /** Runs the command; it ends the process where it cannot serve. */
    public static void run(List<String> arguments) {
        var serve = new Serve();
        if (!serve.understands(arguments)) end(USAGE, 2);
        PrintStream says = System.out;
        System.setOut(System.err);
        try {
            var server = Server.start(serve.loaded(), serve.host, serve.port);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                server.stop();
                Runtime.getRuntime().halt(0);
            }));
            says.println("mlmodel-bridge: ready at http://" + serve.host + ":" + server.port());
            says.flush();
        } catch (MlmodelException error) {
            end("mlmodel-bridge: " + error.name() + ": " + error.getMessage(), exitCode(error.name()));
        } catch (IOException | IllegalArgumentException error) {
            end("mlmodel-bridge: " + ErrorName.INVALID_ARGUMENT + ": it cannot listen at " + serve.host + ":" + serve.port
                + ": " + error.getMessage(), 2);
        }
    }

    private Map<String, Model> loaded() {
        var loaded = new LinkedHashMap<String, Model>();
        models.forEach((name, place) -> loaded.put(name, Models.load(place, isAskedVectors)));
        return loaded;
    }

    private boolean understands(List<String> arguments) {
        for (int at = 0; at < arguments.size(); at++) {
            var one = arguments.get(at);
            boolean hasValue = at + 1 < arguments.size();
            if ((one.equals("-p") || one.equals("--port")) && hasValue && arguments.get(at + 1).matches("[0-9]{1,5}")) {
                port = Integer.parseInt(arguments.get(++at));
            } else if ((one.equals("-h") || one.equals("--host")) && hasValue) {
                host = arguments.get(++at);
            } else if (one.equals("--conformance")) {
                isAskedVectors = true;
            } else if (one.startsWith("-") || models.put(Path.of(one).toAbsolutePath().getFileName().toString(), Path.of(one)) != null) {
                return false;
            }
        }
        return !models.isEmpty() && port <= 0xffff;
    }

    /** Returns what a command exits with (spec/errors.md). */
    private static int exitCode(ErrorName name) {
        return name == ErrorName.INVALID_MODEL || name == ErrorName.UNSUPPORTED_MODEL ? 1 : 2;
    }

    private static void end(String message, int code) {
        System.err.println(message);
        Runtime.getRuntime().halt(code);
    }
}
