package dev.romestream.attacker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class TurnsTest {
    private final Turns turns = new Turns();
    private final List<String> order = new CopyOnWriteArrayList<>();

    private Thread other(String name, CountDownLatch until) {
        Thread thread = new Thread(() -> {
            try (Turns.Turn turn = turns.take()) {
                order.add(name);
                until.await();
                turn.pass();
                order.add(name + " again");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        thread.start();
        return thread;
    }

    private static void awaitWaiting(Thread thread) {
        await().until(() -> thread.getState() == Thread.State.WAITING);
    }

    @Test
    void whoPassesLetsThoseWhoWaitHaveTheirsFirst() throws Exception {
        Thread second;
        Thread third;
        CountDownLatch now = new CountDownLatch(1);
        Thread first = Thread.currentThread();
        Thread opening = new Thread(() -> {
            // the second holds its turn until the first waits for its next one
            await().until(() -> order.contains("second") && first.getState() == Thread.State.WAITING);
            now.countDown();
        });
        try (Turns.Turn turn = turns.take()) {
            second = other("second", now);
            awaitWaiting(second);
            third = other("third", now);
            awaitWaiting(third);
            order.add("first");
            opening.start();
            turn.pass();
            order.add("first again");
        }
        opening.join();
        second.join();
        third.join();
        assertThat(order).startsWith("first", "second", "third", "first again").hasSize(6);
    }

    @Test
    void whoIsAloneGoesOn() {
        try (Turns.Turn turn = turns.take()) {
            turn.pass();
            turn.pass();
            assertThat(turn.nanos()).isNotNegative();
        }
        try (Turns.Turn free = turns.take()) {
            assertThat(free.nanos()).isNotNegative();
        }
    }

    @Test
    void theTimeOfOthersIsNotOnesOwn() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        Thread other;
        try (Turns.Turn turn = turns.take()) {
            other = other("other", end);
            awaitWaiting(other);
            long others = System.nanoTime();
            Thread ending = new Thread(() -> {
                await().until(() -> order.contains("other"));
                end.countDown();
            });
            ending.start();
            turn.pass();
            assertThat(turn.nanos()).isLessThan(System.nanoTime() - others);
            ending.join();
        }
        other.join();
    }
}
