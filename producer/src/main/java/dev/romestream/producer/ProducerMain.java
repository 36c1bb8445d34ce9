package dev.romestream.producer;

import dev.romestream.messaging.service.ServiceMain;

/** The producer as a program. */
public final class ProducerMain {
    private ProducerMain() {}

    public static void main(String[] args) {
        new ServiceMain("rome-producer", ProducerService::new).run(args);
    }
}
