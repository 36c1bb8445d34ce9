package dev.romestream.distiller;

import dev.romestream.messaging.service.ServiceMain;

/** The pool trainer as a program. */
public final class PoolTrainerMain {
    private PoolTrainerMain() {}

    public static void main(String[] args) {
        new ServiceMain("rome-pool-trainer", PoolTrainerService::new).run(args);
    }
}
