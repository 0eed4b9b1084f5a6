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
    /** What the command takes, for people. */
    public static final String HELP = """
        usage: java -jar mlmodel-bridge.jar serve [NAME=]MODEL... [-p PORT] [-h HOST]

        Scores models over HTTP, until it is told to end (SIGTERM, Ctrl-C).

          MODEL            a model folder whose flavor is mleap, a bundle of MLeap (a zip file or a
                           folder), or a MOJO of H2O (a zip file); it is named as its folder, or as
                           its file without .zip
          NAME=MODEL       the same under a name of its own; a path with an equals sign is ./PATH
          -p, --port PORT  where it listens, 0 to 65535; 0 is any port that is free (default 5000)
          -h, --host HOST  the address at which it listens (default 127.0.0.1, this machine alone)
          --help           this text

        One model is at /invocations, and at /models/NAME/invocations, where several are. Beside them
        are /ping, /health and /version. The exit code is 0 where it was told to end, 1 where a model
        cannot be served, 2 where the arguments are wrong, a model is not there, or the port is taken.
        """;

    private final Places places = new Places();
    private String host = "127.0.0.1";
    private int port = 5000;
    /** Whether models of the flavor conformance are served, which are there for the vectors alone. */
    private boolean isAskedVectors;

    Serve(List<String> arguments) {
        var rest = arguments.iterator();
        while (rest.hasNext()) {
            var one = rest.next();
            if (one.equals("-p") || one.equals("--port")) port = port(rest.hasNext() ? rest.next() : "");
            else if (one.equals("-h") || one.equals("--host")) host = host(rest.hasNext() ? rest.next() : "");
            else if (one.equals("--conformance")) isAskedVectors = true;
            else if (one.startsWith("-")) throw wrong("unknown option " + one);
            else places.add(one);
        }
        if (places.all().isEmpty()) throw wrong("no model is given");
    }

    /** Runs the command; it ends the process where it cannot serve. */
    public static void run(List<String> arguments) {
        PrintStream says = System.out;
        System.setOut(System.err);
        try {
            new Serve(arguments).start(says);
        } catch (MlmodelException error) {
            var help = error.name() == ErrorName.INVALID_ARGUMENT ? "\nserve --help tells what it takes." : "";
            end("mlmodel-bridge: " + error.name() + ": " + error.getMessage() + help, exitCode(error.name()));
        }
    }

    private void start(PrintStream says) {
        var models = loaded();
        try {
            var server = Server.start(models, host, port);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                server.stop();
                Runtime.getRuntime().halt(0);
            }));
            says.println("mlmodel-bridge: ready at http://" + host + ":" + server.port() + which());
            says.flush();
        } catch (IOException | IllegalArgumentException error) {
            throw wrong("it cannot listen at " + host + ":" + port + ": " + error.getMessage());
        }
    }

    /** Returns the models' names for the line that says it is ready, where there are several. */
    private String which() {
        var names = places.all().keySet();
        return names.size() == 1 ? "" : ", with " + Places.paths(names);
    }

    private Map<String, Model> loaded() {
        var loaded = new LinkedHashMap<String, Model>();
        places.all().forEach((name, place) -> loaded.put(name, loaded(name, place)));
        return loaded;
    }

    /** Loads a model; where there are several an error says which it is about (RST-132). */
    private Model loaded(String name, Path place) {
        try {
            return Models.load(place, isAskedVectors);
        } catch (MlmodelException error) {
            if (places.all().size() == 1) throw error;
            throw new MlmodelException(error.name(), "The model " + name + ": " + error.getMessage(), error.details());
        }
    }

    private static int port(String given) {
        if (given.isEmpty()) throw wrong("-p has no port");
        boolean isOne = given.matches("[0-9]{1,5}") && Integer.parseInt(given) <= 0xffff;
        if (isOne) return Integer.parseInt(given);
        throw wrong("port " + given + " is not 0 to 65535");
    }

    private static String host(String given) {
        if (given.isEmpty()) throw wrong("-h has no host; --help is the help");
        return given;
    }

    private static MlmodelException wrong(String why) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, why + ".");
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
