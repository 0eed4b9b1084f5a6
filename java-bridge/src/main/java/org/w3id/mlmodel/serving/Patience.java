package org.w3id.mlmodel.serving;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads of a server, each of which waits for a client no longer than a time for each part of a request: its
 * headers, its body, the taking of its answer (RST-074, RST-114).
 *
 * <p>A thread that waits longer is interrupted, which closes its connection.
 */
final class Patience {
    private static final int IDLE = 60;

    private final ThreadPoolExecutor threads;
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, Patience::daemon);
    private final ThreadLocal<Future<?>> alarm = new ThreadLocal<>();
    private final int seconds;

    /** Makes as many threads as are needed, up to a number; {@code seconds} are for what comes first. */
    Patience(int most, int seconds) {
        threads = new ThreadPoolExecutor(0, most, IDLE, TimeUnit.SECONDS, new SynchronousQueue<>());
        clock.setRemoveOnCancelPolicy(true);
        this.seconds = seconds;
    }

    private static Thread daemon(Runnable task) {
        var thread = new Thread(task, "patience");
        thread.setDaemon(true);
        return thread;
    }

    /** Runs a task in a thread of its own; where there is none, the connection is closed by who asks. */
    void execute(Runnable task) {
        threads.execute(() -> {
            await(seconds);
            try {
                task.run();
            } finally {
                done();
            }
        });
    }

    /** Lets this thread wait for its client from now on, for some seconds. */
    void await(int seconds) {
        done();
        alarm.set(clock.schedule(Thread.currentThread()::interrupt, seconds, TimeUnit.SECONDS));
    }

    /** Ends the waiting. */
    void done() {
        var before = alarm.get();
        if (before != null) before.cancel(false);
        alarm.remove();
    }
}
