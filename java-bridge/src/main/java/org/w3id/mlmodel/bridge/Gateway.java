package org.w3id.mlmodel.bridge;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import py4j.GatewayServer;

/**
 * The process that Python asks: one for each of its processes, which ends with it.
 *
 * <p>The first line of standard input is the token without which nothing is answered, so that no list
 * of processes shows it. The first line of standard output is the port. The process ends when standard
 * input does, and when the process that started it is gone, since a copy of that process may hold the
 * other end of the pipe.
 */
final class Gateway {
    private Gateway() {}

    static void run() throws Exception {
        Optional<ProcessHandle> parent = ProcessHandle.current().parent();
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var token = input.readLine();
        if (token == null || token.isEmpty()) {
            throw new IllegalArgumentException("the first line of standard input is a token");
        }
        PrintStream answer = System.out;
        System.setOut(System.err);
        var server = new GatewayServer.GatewayServerBuilder(new Bridge())
            .javaPort(0)
            .javaAddress(InetAddress.getLoopbackAddress())
            .authToken(token)
            .build();
        server.start(true);
        answer.println(server.getListeningPort());
        answer.flush();
        parent.ifPresent(one -> one.onExit().thenRun(() -> Runtime.getRuntime().halt(0)));
        while (input.read() >= 0) {
            // Nothing more is said; its end is what counts.
        }
        Runtime.getRuntime().halt(0);
    }
}
