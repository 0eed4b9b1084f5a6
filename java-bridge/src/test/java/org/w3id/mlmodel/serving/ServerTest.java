package org.w3id.mlmodel.serving;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.w3id.mlmodel.signature.Signature;

/** What the server does with clients that are slow: to send a body, and to take an answer. */
@Timeout(60)
class ServerTest {
    private static final int LARGE = 16 << 20;
    private static final String BODY = "{\"inputs\": \"" + "a".repeat(LARGE) + "\"}";

    private Server server;

    private void start(int secondsOfABody, long mostAnswers) throws IOException {
        Map<String, Model> models = Map.of("echo", new ConformanceModel("echo", null));
        server = Server.start(models, "127.0.0.1", 0, new Server.Bounds(secondsOfABody, mostAnswers));
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    private Socket connected() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    /** Sends what begins a request of a body of some length. */
    private static void send(Socket client, int length, String body) throws IOException {
        var head = "POST /invocations HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine\r\nContent-Type: application/json\r\n";
        client.getOutputStream().write((head + "Content-Length: " + length + "\r\n\r\n" + body).getBytes(US_ASCII));
    }

    private static String begin(Socket client) throws IOException {
        return new String(client.getInputStream().readNBytes("HTTP/1.1 200".length()), US_ASCII);
    }

    @Test
    void aBodyThatIsLateIsRefusedAndTheConnectionClosed() throws IOException {
        start(1, Long.MAX_VALUE);
        try (var client = connected()) {
            send(client, 9, "{");
            var told = new String(client.getInputStream().readAllBytes(), US_ASCII);
            assertTrue(told.startsWith("HTTP/1.1 408 "), told);
            assertTrue(told.contains("X-request-id: mine\r\n"), told);
            assertTrue(told.contains("{\"error_code\":\"REQUEST_TIMEOUT\",\"message\":"
                + "\"The body did not arrive within 1 seconds (RST-114).\",\"details\":[],\"request_id\":\"mine\"}"), told);
        }
    }

    @Test
    void aBodyThatComesInPiecesIsReadWithinItsTime() throws Exception {
        start(20, Long.MAX_VALUE);
        try (var client = connected()) {
            send(client, 13, "{\"inputs\"");
            Thread.sleep(200);
            client.getOutputStream().write(": 5}".getBytes(US_ASCII));
            assertEquals("HTTP/1.1 200", begin(client));
        }
    }

    /** Returns the status of an answer as large as the body, which is read to its end. */
    private String asked(String body) throws IOException {
        try (var client = connected()) {
            send(client, body.length(), body);
            var status = begin(client);
            client.shutdownOutput();
            client.getInputStream().readAllBytes();
            return status;
        }
    }

    @Test
    void answersThatWaitForSlowClientsAreBounded() throws Exception {
        start(60, LARGE + (LARGE >> 1));
        try (var slow = connected()) {
            send(slow, BODY.length(), BODY);
            assertEquals("HTTP/1.1 200", begin(slow));
            // The rest of it waits: neither this client nor the kernel takes it all.
            assertEquals("HTTP/1.1 503", asked(BODY));
            assertEquals("HTTP/1.1 200", asked("{\"inputs\": 5}"));
            slow.shutdownOutput();
            slow.getInputStream().readAllBytes();
        }
        while (!asked(BODY).equals("HTTP/1.1 200")) Thread.sleep(50);
    }

    @Test
    void anIdOfTheClientsIsKeptIfItIsOne() throws IOException {
        start(20, Long.MAX_VALUE);
        for (var id : new String[] {"a".repeat(128), "a".repeat(129), "a b", "-a", "mine/1:2"}) {
            try (var client = connected()) {
                client.getOutputStream().write(("GET /ping HTTP/1.1\r\nHost: a\r\nX-Request-ID: " + id + "\r\n\r\n").getBytes(US_ASCII));
                client.shutdownOutput();
                var told = new String(client.getInputStream().readAllBytes(), US_ASCII);
                assertEquals(id.length() == 128 || id.startsWith("mine"), told.contains("X-request-id: " + id + "\r\n"), told);
            }
        }
    }

    /** A model that answers when it may. */
    private record Slow(CountDownLatch may) implements Model {
        @Override
        public Signature signature() {
            return null;
        }

        @Override
        public Object predict(Frame columns, Object value, Map<String, Object> params) {
            try {
                may.await();
            } catch (InterruptedException error) {
                throw new IllegalStateException(error);
            }
            return value;
        }
    }

    @Test
    void ofTheRequestsThatAreWhole256Wait() throws Exception {
        var may = new CountDownLatch(1);
        server = Server.start(Map.of("slow", new Slow(may)), "127.0.0.1", 0, new Server.Bounds(60, Long.MAX_VALUE));
        var clients = new ArrayList<Socket>();
        try {
            for (int at = 0; at < 256; at++) {
                clients.add(connected());
                send(clients.get(at), 13, "{\"inputs\": 5}");
            }
            // Until the others have their places one more may get one.
            while (!asked("{\"inputs\": 5}", clients).equals("HTTP/1.1 503")) Thread.sleep(50);
            may.countDown();
            int answered = 0;
            for (var client : clients) answered += begin(client).equals("HTTP/1.1 200") ? 1 : 0;
            assertEquals(256, answered);
        } finally {
            may.countDown();
            for (var client : clients) client.close();
        }
    }

    /** Returns the status of a request that is refused at once; one that waits takes the place of the last client. */
    private String asked(String body, List<Socket> clients) throws IOException {
        var client = connected();
        client.setSoTimeout(2_000);
        send(client, body.length(), body);
        try {
            return begin(client);
        } catch (SocketTimeoutException error) {
            clients.add(client);
            return "it waits";
        }
    }
}
