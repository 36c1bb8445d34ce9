package dev.romestream.standalone.chaos;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.romestream.embedded.EmbeddedBroker;
import dev.romestream.embedded.EmbeddedSchemaRegistry;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** A broker or a registry as a program, to be killed: {@code broker DIRECTORY PORT} or {@code registry BOOTSTRAP PORT}. */
final class Infrastructure {
    private Infrastructure() {}

    public static void main(String[] args) throws InterruptedException {
        // what Kafka's coordinators say of their loading, which is looked at where a broker that was killed forgot its
        // groups
        ((Logger) LoggerFactory.getLogger("org.apache.kafka.coordinator.common")).setLevel(Level.INFO);
        if (args[0].equals("broker")) {
            EmbeddedBroker.start(Path.of(args[1]), Integer.parseInt(args[2]));
        } else {
            EmbeddedSchemaRegistry.start(args[1], Integer.parseInt(args[2]));
        }
        System.out.println("ready");
        new CountDownLatch(1).await();
    }
}
