package dev.romestream.distiller;

import dev.romestream.messaging.service.ServiceMain;

/** The distiller as a program. */
public final class DistillerMain {
    private DistillerMain() {}

    public static void main(String[] args) {
        new ServiceMain("rome-distiller", DistillerService::new).run(args);
    }
}
