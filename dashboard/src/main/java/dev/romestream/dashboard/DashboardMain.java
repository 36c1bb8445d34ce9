package dev.romestream.dashboard;

import dev.romestream.messaging.service.ServiceMain;

/** The dashboard as a program. */
public final class DashboardMain {
    private DashboardMain() {}

    public static void main(String[] args) {
        new ServiceMain("rome-dashboard", DashboardService::new).run(args);
    }
}
