package org.w3id.mlmodel.serving;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.w3id.mlmodel.errors.MlmodelException;

/** Where a request ends and for whom it is, which no two programs may read differently (RST-104, RST-105). */
final class Framing {
    private static final String LENGTH = "Content-Length";
    private static final String ENCODING = "Transfer-Encoding";
    private static final Pattern HOST = Pattern.compile("(?:\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._~!$&'()*+;=%-]+)(?::[0-9]*)?");
    private static final Set<String> OF_THE_BODY = Set.of("content-length", "transfer-encoding", "content-type");

    private Framing() {}

    /**
     * Refuses a request of several meanings; its connection ends.
     *
     * <p>So does that of each body in chunks: Java's reader of them cuts sizes to 32 bits, and what it takes for the
     * next request may be a part of this one.
     */
    static void require(HttpExchange exchange) {
        var headers = exchange.getRequestHeaders();
        var wrong = wrong(headers, exchange.getProtocol().equals("HTTP/1.1"));
        if (wrong != null || headers.containsKey(ENCODING)) exchange.getResponseHeaders().set("Connection", "close");
        if (wrong != null) throw wrong;
    }

    private static MlmodelException wrong(Headers headers, boolean needsHost) {
        var lengths = headers.getOrDefault(LENGTH, List.of());
        if (lengths.size() + headers.getOrDefault(ENCODING, List.of()).size() > 1) {
            return MlmodelException.malformed("RST-104", "The request says more than once where its body ends");
        }
        if (!lengths.stream().allMatch(one -> one.matches("[0-9]+"))) {
            return MlmodelException.malformed("RST-104", "The length of the body is no decimal number");
        }
        if (headers.keySet().stream().anyMatch(Framing::isTwin)) {
            return MlmodelException.malformed("RST-104", "A header of the body is written with _ in the place of -");
        }
        if (!needsHost && headers.containsKey(ENCODING)) {
            return MlmodelException.malformed("RST-104", "HTTP/1.0 has no transfer encodings");
        }
        var hosts = headers.getOrDefault("Host", List.of());
        boolean isOne = hosts.size() == 1 ? HOST.matcher(hosts.get(0)).matches() : hosts.isEmpty() && !needsHost;
        return isOne ? null : MlmodelException.malformed("RST-105", "The request does not name one host");
    }

    /** Returns whether a name becomes one that says what the body is where {@code _} is read as {@code -}. */
    private static boolean isTwin(String name) {
        return name.indexOf('_') >= 0 && OF_THE_BODY.contains(name.replace('_', '-').toLowerCase(Locale.ROOT));
    }
}
