package dev.romestream.exchange.store;

import dev.romestream.experiments.Experiments;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.service.Resources;
import dev.romestream.schemas.AnswerKind;
import dev.romestream.schemas.AttackRequest;

/** Which attacks are still wanted: those that a plan asks for that is not withdrawn, and priors of experiments that run. */
public final class Demand implements AutoCloseable {
    private final Resources resources = new Resources();
    private final Experiments experiments;
    private final PlanStore plans;

    public Demand(RomeConfig config) {
        this.experiments = resources.add(new Experiments(config));
        this.plans = resources.add(new PlanStore(config));
    }

    /** Whether somebody waits for the answer, as of now. */
    public boolean isWanted(AttackRequest request) {
        return request.getAnswer() == AnswerKind.EMBEDDING
                ? experiments.isWanted(request.getExperiment())
                : request.getPlan().isEmpty() || plans.isActive(request.getReplyKey(), request.getPlan());
    }

    @Override
    public void close() {
        resources.close();
    }
}
