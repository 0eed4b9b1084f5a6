package org.w3id.mlmodel.serving;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;

/** What the server says to its operator, on standard error; no text of others passes for a line of its own (RST-106). */
final class Log {
    /** A trace has no more lines. */
    private static final int MOST_LINES = 100;

    private Log() {}

    static void say(String message) {
        System.err.println("mlmodel-bridge: " + plain(message));
    }

    static void say(String message, Throwable error) {
        var trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace));
        var lines = trace.toString().split("\\R");
        var said = new StringBuilder("mlmodel-bridge: ").append(plain(message));
        for (var line : Arrays.asList(lines).subList(0, Math.min(lines.length, MOST_LINES))) said.append(System.lineSeparator()).append("    ").append(plain(line.strip()));
        System.err.println(said);
    }

    /** Returns a text in printable ASCII, with everything else as an escape. */
    static String plain(String text) {
        var said = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            char one = text.charAt(at);
            if (one >= ' ' && one < '\u007f') said.append(one);
            else said.append(String.format("\\u%04x", (int) one));
        }
        return said.toString();
    }
}
