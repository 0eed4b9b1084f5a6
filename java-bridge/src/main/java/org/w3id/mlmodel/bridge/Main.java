package org.w3id.mlmodel.bridge;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.w3id.mlmodel.document.ValidateCommand;

/** The commands: {@code gateway}, which Python starts and asks, and {@code validate}, for people. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        var command = arguments.length == 0 ? "" : arguments[0];
        if (command.equals("gateway") && arguments.length == 1) {
            Gateway.run();
        } else if (command.equals("validate")) {
            var models = Arrays.asList(arguments).subList(1, arguments.length);
            var out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
            int code = ValidateCommand.run(models, out, System.err);
            out.flush();
            System.exit(code);
        } else {
            System.err.println("usage: java -jar mlmodel-bridge.jar validate MODEL... | gateway");
            System.exit(2);
        }
    }
}
