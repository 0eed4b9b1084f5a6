package org.w3id.mlmodel.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PatienceTest {
    @Test
    void aClientThatTakesNoAnswerIsLeft() throws Exception {
        try (var server = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            var client = SocketChannel.open(server.getLocalAddress());
            var connection = server.accept()) {
            var ended = new CompletableFuture<IOException>();
            var patience = new Patience(1, 1);
            patience.execute(() -> {
                try {
                    while (true) connection.write(ByteBuffer.allocate(1 << 20));
                } catch (IOException error) {
                    ended.complete(error);
                }
            });
            assertInstanceOf(ClosedByInterruptException.class, ended.get(20, TimeUnit.SECONDS));
            assertEquals(true, client.isOpen());
        }
    }

    @Test
    void aThreadThatWaitsForNobodyIsLeftAlone() throws Exception {
        var ended = new CompletableFuture<Boolean>();
        var patience = new Patience(1, 1);
        patience.execute(() -> {
            patience.done();
            try {
                Thread.sleep(1500);
                ended.complete(true);
            } catch (InterruptedException error) {
                ended.complete(false);
            }
        });
        assertEquals(true, ended.get(20, TimeUnit.SECONDS));
    }

    @Test
    void thereAreNoMoreThreadsThanSaid() {
        var patience = new Patience(1, 20);
        var latch = new CountDownLatch(1);
        patience.execute(() -> {
            try {
                latch.await();
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        });
        assertThrows(RejectedExecutionException.class, () -> patience.execute(() -> { }));
        latch.countDown();
    }
}
