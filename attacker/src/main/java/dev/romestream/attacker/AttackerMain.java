package dev.romestream.attacker;

import dev.romestream.messaging.service.ServiceMain;

/** The attacker as a program. */
public final class AttackerMain {
    private AttackerMain() {}

    public static void main(String[] args) {
        new ServiceMain("rome-attacker", AttackerService::new).run(args);
    }
}
