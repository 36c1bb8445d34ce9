package dev.romestream.evaluator;

import dev.romestream.messaging.service.ServiceMain;

/** The evaluator as a program. */
public final class EvaluatorMain {
    private EvaluatorMain() {}

    public static void main(String[] args) {
        new ServiceMain("rome-evaluator", EvaluatorService::new).run(args);
    }
}
