package org.w3id.mlmodel.bridge;

/** The command: {@code gateway}, which Python starts and asks. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 1 && arguments[0].equals("gateway")) {
            Gateway.run();
            return;
        }
        System.err.println("usage: java -jar mlmodel-bridge.jar gateway");
        System.exit(2);
    }
}
