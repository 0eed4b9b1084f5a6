package org.w3id.mlmodel.serving;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Iterator;
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
               [--body-timeout SECONDS]

        Scores models over HTTP, until it is told to end (SIGTERM, Ctrl-C).

          MODEL            a model folder whose flavor is mleap, or h2o with a MOJO; a bundle of
                           MLeap (a zip file or a folder), or a MOJO of H2O (a zip file); it is
                           named as its folder, or as its file without .zip
          NAME=MODEL       the same under a name of its own; a path with an equals sign is ./PATH
          -p, --port PORT  where it listens, 0 to 65535; 0 is any port that is free (default 5000)
          -h, --host HOST  the address at which it listens (default 127.0.0.1, this machine alone)
          --body-timeout SECONDS
                           a body that takes longer to arrive is refused, 1 to 3600 (default 60)
          --help           this text

        One model is at /invocations, and at /models/NAME/invocations, where several are. Beside them
        are /ping, /health and /version. The exit code is 0 where it was told to end, 1 where a model
        cannot be served, 2 where the arguments are wrong, a model is not there, or the port is taken.
        """;

    private static final int MOST_SECONDS = 3600;

    private final Places places = new Places();
    private String host = "127.0.0.1";
    private int port = 5000;
    private Server.Bounds bounds = Server.Bounds.DEFAULT;
    /** Whether models of the flavor conformance are served, which are there for the vectors alone. */
    private boolean isAskedVectors;

    Serve(List<String> arguments) {
        var rest = arguments.iterator();
        while (rest.hasNext()) {
            var one = rest.next();
            if (one.equals("-p") || one.equals("--port")) port = port(value(rest));
            else if (one.equals("-h") || one.equals("--host")) host = host(value(rest));
            else if (one.equals("--body-timeout")) bounds = bounds.withBodiesWithin(seconds(value(rest)));
            else if (one.equals("--conformance")) isAskedVectors = true;
            else if (one.startsWith("-")) throw wrong("unknown option " + one);
            else places.add(one);
        }
        if (places.all().isEmpty()) throw wrong("no model is given");
    }

    /** Returns the value of an option; the empty text where there is none. */
    private static String value(Iterator<String> rest) {
        return rest.hasNext() ? rest.next() : "";
    }

    /** Runs the command; it ends the process where it cannot serve. */
    public static void run(List<String> arguments) {
        PrintStream says = System.out;
        System.setOut(System.err);
        try {
            new Serve(arguments).start(says);
        } catch (MlmodelException error) {
            var help = error.name() == ErrorName.INVALID_ARGUMENT ? "\nserve --help tells what it takes." : "";
            end("mlmodel-bridge: " + error.name() + ": " + error.getMessage() + help, error.name().exitCode());
        }
    }

    private void start(PrintStream says) {
        var models = loaded();
        try {
            var server = Server.start(models, host, port, bounds);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                server.stop();
                Runtime.getRuntime().halt(0);
            }));
            says.println("mlmodel-bridge: ready at " + address(host, server.port()) + which());
            says.flush();
        } catch (IOException | IllegalArgumentException error) {
            throw wrong("it cannot listen at " + host + ":" + port + ": " + error.getMessage());
        }
    }

    /** Returns the address as clients write it: one of IPv6 has brackets, so that its colons are not the port's. */
    static String address(String host, int port) {
        return "http://" + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
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

    private static int seconds(String given) {
        boolean isOne = given.matches("[0-9]{1,4}") && Integer.parseInt(given) >= 1 && Integer.parseInt(given) <= MOST_SECONDS;
        if (isOne) return Integer.parseInt(given);
        throw wrong("--body-timeout takes 1 to " + MOST_SECONDS + " seconds, not '" + given + "'");
    }

    private static String host(String given) {
        if (given.isEmpty()) throw wrong("-h has no host; --help is the help");
        return given;
    }

    private static MlmodelException wrong(String why) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, why + ".");
    }

    private static void end(String message, int code) {
        System.err.println(message);
        Runtime.getRuntime().halt(code);
    }
}
