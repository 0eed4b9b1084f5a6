package org.w3id.mlmodel.bridge;

import java.util.List;
import org.w3id.mlmodel.serving.Serve;

/** The commands: {@code gateway}, which Python starts and asks, and {@code serve}, for people. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 1 && arguments[0].equals("gateway")) {
            Gateway.run();
            return;
        }
        if (arguments.length > 0 && arguments[0].equals("serve")) {
            Serve.run(List.of(arguments).subList(1, arguments.length));
            return;
        }
        System.err.println("usage: java -jar mlmodel-bridge.jar serve MODEL... [-p PORT] [-h HOST] | gateway");
        System.exit(2);
    }
}
