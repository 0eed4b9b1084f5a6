package org.w3id.mlmodel.bridge;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.w3id.mlmodel.conformance.Harness;
import org.w3id.mlmodel.document.ValidateCommand;
import org.w3id.mlmodel.serving.Serve;

/**
 * The commands: {@code gateway}, which Python starts and asks; {@code validate} and {@code serve}, for people; and
 * {@code conformance}, the harness.
 */
public final class Main {
    private static final String USAGE =
        "usage: java -jar mlmodel-bridge.jar validate MODEL... | serve MODEL... [-p PORT] [-h HOST] | gateway | conformance";

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        var command = arguments.length == 0 ? "" : arguments[0];
        var rest = arguments.length == 0 ? Arrays.<String>asList() : Arrays.asList(arguments).subList(1, arguments.length);
        if (command.equals("gateway") && arguments.length == 1) {
            Gateway.run();
        } else if (command.equals("validate")) {
            var out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
            int code = ValidateCommand.run(rest, out, System.err);
            out.flush();
            System.exit(code);
        } else if (command.equals("conformance") && arguments.length == 1) {
            Harness.main(arguments);
        } else if (command.equals("serve")) {
            Serve.run(rest);
        } else {
            System.err.println(USAGE);
            System.exit(2);
        }
    }
}
