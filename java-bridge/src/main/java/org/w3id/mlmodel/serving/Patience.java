package org.w3id.mlmodel.serving;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
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
    /** How long a client may take to take the word that it is late. */
    private static final int SECONDS_OF_A_WORD = 5;

    private final ThreadPoolExecutor threads;
    /** As many threads again, since all may be late at once. */
    private final ThreadPoolExecutor words;
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, Patience::daemon);
    private final ThreadLocal<Alarm> alarm = new ThreadLocal<>();
    private final int seconds;

    /** Makes as many threads as are needed, up to a number; {@code seconds} are for what comes first. */
    Patience(int most, int seconds) {
        threads = new ThreadPoolExecutor(0, most, IDLE, TimeUnit.SECONDS, new SynchronousQueue<>());
        words = new ThreadPoolExecutor(0, most, IDLE, TimeUnit.SECONDS, new SynchronousQueue<>(), Patience::daemon);
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
        await(seconds, null);
    }

    /**
     * Lets this thread wait for its client from now on, for some seconds.
     *
     * @param word what tells the client that it is late, in another thread, before this one is interrupted; or null
     */
    void await(int seconds, Runnable word) {
        done();
        var next = new Alarm(Thread.currentThread(), word);
        next.due = clock.schedule(next::ring, seconds, TimeUnit.SECONDS);
        alarm.set(next);
    }

    /** Ends the waiting; returns whether the client was in time. After that this thread is not interrupted. */
    boolean done() {
        var before = alarm.get();
        alarm.remove();
        return before == null || before.isInTime();
    }

    /** What rings when a client is late. */
    private final class Alarm {
        private final Thread waiting;
        private final Runnable word;
        private Future<?> due;
        private boolean isOver;

        Alarm(Thread waiting, Runnable word) {
            this.waiting = waiting;
            this.word = word;
        }

        /** Runs in the thread of the clock, which no client may hold up: so the word is said by another one. */
        private void ring() {
            if (word == null) {
                end(() -> { });
                return;
            }
            try {
                words.execute(() -> {
                    await(SECONDS_OF_A_WORD);
                    end(word);
                    done();
                });
            } catch (RejectedExecutionException | OutOfMemoryError error) { // no thread is to be had
                end(() -> { });
            }
        }

        /** Ends the waiting of a client that is late. Who waited goes on when the word is said. */
        private synchronized void end(Runnable word) {
            if (isOver) return;
            isOver = true;
            word.run();
            waiting.interrupt();
        }

        private synchronized boolean isInTime() {
            boolean isInTime = !isOver;
            isOver = true;
            due.cancel(false);
            return isInTime;
        }
    }
}
