package dev.romestream.standalone.chaos;

import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A broker or a registry as a program, to be killed: {@code broker DIRECTORY PORT} or {@code registry BOOTSTRAP PORT}. */
final class Infrastructure {
    private Infrastructure() {}

    public static void main(String[] args) throws InterruptedException {
        if (args[0].equals("broker")) {
            EmbeddedBroker.start(Path.of(args[1]), Integer.parseInt(args[2]));
        } else {
            EmbeddedSchemaRegistry.start(args[1], Integer.parseInt(args[2]));
        }
        System.out.println("ready");
        new CountDownLatch(1).await();
    }
}
