package org.w3id.mlmodel.bridge;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.w3id.mlmodel.Version;
import org.w3id.mlmodel.conformance.Harness;
import org.w3id.mlmodel.serving.Serve;
import org.w3id.mlmodel.validation.ValidateCommand;

/**
 * The commands: {@code gateway}, which Python starts and asks; {@code validate} and {@code serve}, for people; and
 * {@code conformance}, the harness.
 */
public final class Main {
    private static final String HELP = """
        usage: java -jar mlmodel-bridge.jar validate MODEL...
               java -jar mlmodel-bridge.jar serve [NAME=]MODEL... [-p PORT] [-h HOST]

          validate         says what is wrong with models, and where
          serve            scores models over HTTP: bundles of MLeap, and MOJOs of H2O
          -h, --help       this text; after a command what that takes
          --version        the version
        """;
    /** Held, since a logger that nobody holds forgets its level. */
    private static final Logger NETLIB = Logger.getLogger("dev.ludovic.netlib");

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        // It warns of faster code for vectors that this Java has not; Java's own code answers the same.
        NETLIB.setLevel(Level.SEVERE);
        var all = Arrays.asList(arguments);
        var command = all.isEmpty() ? "" : all.get(0);
        var help = help(all);
        if (help != null) {
            said(help);
        } else if (command.equals("gateway") && arguments.length == 1) {
            Gateway.run();
        } else if (command.equals("validate")) {
            validate(all.subList(1, all.size()));
        } else if (command.equals("conformance") && arguments.length == 1) {
            Harness.main(arguments);
        } else if (command.equals("serve")) {
            Serve.run(all.subList(1, all.size()));
        } else {
            System.err.println("mlmodel-bridge: " + wrong(all) + "\n\n" + HELP.strip());
            System.exit(2);
        }
    }

    /** Returns the text that is asked for; null where it is none. */
    static String help(List<String> all) {
        var first = all.isEmpty() ? "" : all.get(0);
        if (first.equals("--version")) return Version.OF_PROJECT + "\n";
        // Behind a model -h is the host.
        boolean isShort = !all.isEmpty() && all.size() <= 2 && all.get(all.size() - 1).equals("-h");
        if (!isShort && !all.contains("--help")) return null;
        return first.equals("serve") ? Serve.HELP : first.equals("validate") ? ValidateCommand.HELP : HELP;
    }

    private static String wrong(List<String> all) {
        if (all.isEmpty()) return "no command is given.";
        var first = all.get(0);
        if (first.equals("gateway") || first.equals("conformance")) return first + " takes no arguments.";
        return (first.startsWith("-") ? "unknown option " : "unknown command ") + first + ".";
    }

    private static void validate(List<String> models) {
        var out = utf8();
        int code = ValidateCommand.run(models, out, System.err);
        out.flush();
        System.exit(code);
    }

    private static void said(String text) {
        var out = utf8();
        out.print(text);
        out.flush();
    }

    private static PrintStream utf8() {
        return new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    }
}
