package dev.romestream.evaluator;

import dev.romestream.messaging.experiment.DatasetIds;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.messaging.streams.Write;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.NetworkSeen;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** The {@link EvaluationPlanner} on its topics; tells how far each experiment is. */
final class PlanProcessor extends ContextualProcessor<String, PlannerEvent, String, Write> {
    static final String STATES = "experiments-evaluated";
    static final String PLANS = "evaluations-planned";
    static final String DATASETS = "evaluation-datasets";
    private static final String SERVICE = "evaluator";
    private static final Duration TELLING = Duration.ofMillis(300);
    /** After so long without anything new it is told that one waits. */
    private static final Duration STILL = Duration.ofMinutes(1);

    /** Experiments of which there is something new to tell, and when the telling of each began. */
    private final Set<String> changed = new HashSet<>();

    private final Map<String, Long> began = new HashMap<>();

    /** When something new came of each. */
    private final Map<String, Long> moved = new HashMap<>();

    @Override
    public void init(ProcessorContext<String, Write> given) {
        super.init(given);
        given.schedule(TELLING, PunctuationType.WALL_CLOCK_TIME, now -> {
            changed.forEach(this::tellProgress);
            changed.clear();
        });
        given.schedule(
                STILL,
                PunctuationType.WALL_CLOCK_TIME,
                now -> moved.forEach((id, at) -> {
                    if (now - at > STILL.toMillis() && planner(id).isWaiting()) {
                        changed.add(id);
                    }
                }));
    }

    private KeyValueStore<String, EvaluationState> states() {
        return context().getStateStore(STATES);
    }

    private KeyValueStore<String, PlannedEvaluation> plans() {
        return context().getStateStore(PLANS);
    }

    /** Those of one experiment: of a key that begins with its id. */
    private final class StoredPlans implements Plans {
        private final String prefix;

        StoredPlans(String experiment) {
            this.prefix = experiment + "/";
        }

        @Override
        public Optional<PlannedEvaluation> find(String key) {
            return Optional.ofNullable(plans().get(key));
        }

        @Override
        public void put(String key, PlannedEvaluation evaluation) {
            plans().put(key, evaluation);
        }

        @Override
        public void remove(String key) {
            plans().delete(key);
        }

        @Override
        public Map<String, PlannedEvaluation> all() {
            Map<String, PlannedEvaluation> all = new TreeMap<>();
            try (KeyValueIterator<String, PlannedEvaluation> own = plans().prefixScan(prefix, new StringSerializer())) {
                own.forEachRemaining(entry -> all.put(entry.key, entry.value));
            }
            return all;
        }
    }

    private KeyValueStore<String, DatasetDescriptor> datasets() {
        return context().getStateStore(DATASETS);
    }

    @Override
    public void process(Record<String, PlannerEvent> record) {
        Object fact = record.value().getFact();
        String key = record.key();
        if (fact instanceof DatasetDescriptor descriptor) {
            datasets().put(key, descriptor);
            waitingFor(key).forEach(id -> apply(id, planner -> planner.dataset(descriptor)));
        } else if (fact == null) {
            remove(key);
            began.remove(key);
            moved.remove(key);
        } else if (fact instanceof Experiment experiment) {
            apply(key, planner -> {
                planner.experiment(experiment);
                Optional.ofNullable(datasets().get(DatasetIds.of(experiment.getDataset())))
                        .ifPresent(planner::dataset);
            });
        } else if (fact instanceof SnapshotTaken taken) {
            apply(key, planner -> planner.snapshot(taken));
        } else if (fact instanceof NetworkSeen network) {
            apply(key, planner -> planner.network(network));
        } else if (fact instanceof WorkAnswer answer) {
            apply(key, planner -> planner.answer(answer));
        } else if (fact instanceof FigureProgress figure) {
            progress(key, figure);
        }
    }

    private void remove(String id) {
        EvaluationState state = states().delete(id);
        if (state != null) {
            EvaluationPlanner planner = new EvaluationPlanner(state, new StoredPlans(id));
            planner.removed();
            planner.work().forEach(this::forward);
        }
    }

    private List<String> waitingFor(String dataset) {
        List<String> waiting = new ArrayList<>();
        try (KeyValueIterator<String, EvaluationState> all = states().all()) {
            all.forEachRemaining(entry -> {
                Experiment experiment = entry.value.getExperiment();
                if (experiment != null && DatasetIds.of(experiment.getDataset()).equals(dataset)) {
                    waiting.add(entry.key);
                }
            });
        }
        return waiting;
    }

    private interface Change {
        void to(EvaluationPlanner planner);
    }

    private EvaluationPlanner planner(String id) {
        EvaluationState state = states().get(id);
        return new EvaluationPlanner(state == null ? EvaluationPlanner.unknown() : state, new StoredPlans(id));
    }

    private void apply(String id, Change change) {
        EvaluationPlanner planner = planner(id);
        change.to(planner);
        planner.plan();
        planner.work().forEach(this::forward);
        changed(id, planner);
    }

    /** Figures change nothing of what is to be done. */
    private void progress(String id, FigureProgress figure) {
        EvaluationPlanner planner = planner(id);
        if (planner.figure(figure)) {
            changed(id, planner);
        }
    }

    private void changed(String id, EvaluationPlanner planner) {
        tellEnd(planner);
        states().put(id, planner.state());
        changed.add(id);
        moved.put(id, context().currentSystemTimeMs());
    }

    private void forward(Write write) {
        context().forward(write.at(context().currentSystemTimeMs()));
    }

    /** Reported once: that the experiment ended, or waits. */
    private void tellEnd(EvaluationPlanner planner) {
        EvaluationState state = planner.state();
        Experiment experiment = state.getExperiment();
        if (experiment == null) {
            return;
        }
        if (state.getFailure() != null) {
            tell(state, Phase.FAILED, "failed", Optional.of(state.getFailure()));
        } else if (planner.isComplete()) {
            Optional<String> failure = planner.failure();
            tell(
                    state,
                    failure.isPresent() ? Phase.FAILED : Phase.COMPLETED,
                    failure.isPresent() ? "evaluated, but for what failed" : "evaluated",
                    failure);
        } else if (experiment.getDesiredState() == DesiredState.STOP) {
            tell(state, Phase.STOPPED, "stopped", Optional.empty());
        } else if (experiment.getDesiredState() == DesiredState.PAUSE) {
            tell(state, Phase.PAUSED, "paused", Optional.empty());
        } else if (state.getTold() == Phase.COMPLETED || state.getTold() == Phase.FAILED) {
            state.setTold(null);
        }
    }

    private void tell(EvaluationState state, Phase phase, String activity, Optional<String> error) {
        if (state.getTold() != phase) {
            state.setTold(phase);
            Experiment experiment = state.getExperiment();
            tell(StatusReporter.status(experiment, SERVICE, phase, activity, error));
        }
    }

    private void tellProgress(String id) {
        EvaluationPlanner planner = planner(id);
        EvaluationState state = planner.state();
        if (state.getExperiment() == null || state.getTold() != null) {
            return;
        }
        Experiment experiment = state.getExperiment();
        long total = planner.totalOutcomes();
        ExperimentStatus status;
        if (state.getDataset() == null) {
            status = status(
                    experiment, Phase.WAITING, "waiting for the images of " + DatasetIds.of(experiment.getDataset()));
        } else if (experiment.getDistillation() == null && !planner.isBusy()) {
            status = status(experiment, Phase.WAITING, "every network is scored; waiting for others");
        } else if (total == 0) {
            status = status(experiment, Phase.WAITING, "waiting for a snapshot and its victims");
        } else {
            long now = context().currentSystemTimeMs();
            long still = now - moved.getOrDefault(id, now);
            status = status(
                    experiment,
                    Phase.RUNNING,
                    still > STILL.toMillis()
                            ? "waiting for attackers: nothing has come for " + still / 1000 + " s; are any running?"
                            : "attacking");
            long done = planner.outcomes();
            double seconds = (now - began.computeIfAbsent(id, any -> now)) / 1000.0;
            status.setDone(done);
            status.setTotal(total);
            status.setUnit("images");
            status.setRate(seconds > 1 ? done / seconds : 0);
        }
        planner.refusal().or(planner::failure).ifPresent(status::setError);
        tell(status);
    }

    private void tell(ExperimentStatus status) {
        forward(new Write(Topic.EXPERIMENT_STATUS, status.getExperiment() + "/" + SERVICE, status));
    }

    private static ExperimentStatus status(Experiment experiment, Phase phase, String activity) {
        return StatusReporter.status(experiment, SERVICE, phase, activity, Optional.empty());
    }
}
