package dev.romestream.evaluator;

import dev.romestream.messaging.experiment.DatasetIds;
import dev.romestream.messaging.experiment.StatusReporter;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.WorkAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** The {@link EvaluationPlanner} on its topics; tells how far each experiment is. */
final class PlanProcessor extends ContextualProcessor<String, PlannerEvent, String, SpecificRecord> {
    static final String STATES = "evaluation-states";
    static final String DATASETS = "evaluation-datasets";
    private static final String SERVICE = "evaluator";
    private static final Duration TELLING = Duration.ofMillis(300);

    /** Experiments of which there is something new to tell, and when the telling of each began. */
    private final Set<String> changed = new HashSet<>();

    private final Map<String, Long> began = new HashMap<>();

    @Override
    public void init(ProcessorContext<String, SpecificRecord> given) {
        super.init(given);
        given.schedule(TELLING, PunctuationType.WALL_CLOCK_TIME, now -> {
            changed.forEach(this::tellProgress);
            changed.clear();
        });
    }

    private KeyValueStore<String, EvaluationState> states() {
        return context().getStateStore(STATES);
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
        } else if (fact instanceof Experiment experiment) {
            apply(key, planner -> {
                planner.experiment(experiment);
                Optional.ofNullable(datasets().get(DatasetIds.of(experiment.getDataset())))
                        .ifPresent(planner::dataset);
            });
        } else if (fact instanceof SnapshotTaken taken) {
            apply(key, planner -> planner.snapshot(taken));
        } else if (fact instanceof Network network) {
            apply(key, planner -> planner.network(network));
        } else if (fact instanceof WorkAnswer answer) {
            apply(key, planner -> planner.answer(answer));
        } else if (fact instanceof FigureProgress figure) {
            apply(key, planner -> planner.figure(figure));
        }
    }

    private void remove(String id) {
        EvaluationState state = states().delete(id);
        if (state != null) {
            EvaluationPlanner planner = new EvaluationPlanner(state);
            planner.removed();
            planner.work().forEach(work -> forward(work.key(), work.record()));
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

    private void apply(String id, Change change) {
        EvaluationState before = states().get(id);
        EvaluationPlanner planner = new EvaluationPlanner(before == null ? EvaluationPlanner.unknown() : before);
        change.to(planner);
        planner.plan();
        planner.work().forEach(work -> forward(work.key(), work.record()));
        tellEnd(planner);
        states().put(id, planner.state());
        changed.add(id);
    }

    private void forward(String key, SpecificRecord value) {
        context().forward(new Record<>(key, value, context().currentSystemTimeMs()));
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
            tell(state, Phase.COMPLETED, "evaluated", Optional.empty());
        } else if (experiment.getDesiredState() == DesiredState.STOP) {
            tell(state, Phase.STOPPED, "stopped", Optional.empty());
        } else if (state.getTold() == Phase.COMPLETED) {
            state.setTold(null);
        }
    }

    private void tell(EvaluationState state, Phase phase, String activity, Optional<String> error) {
        if (state.getTold() != phase) {
            state.setTold(phase);
            Experiment experiment = state.getExperiment();
            forward(
                    experiment.getId() + "/" + SERVICE,
                    StatusReporter.status(experiment, SERVICE, phase, activity, error));
        }
    }

    private void tellProgress(String id) {
        EvaluationState state = states().get(id);
        if (state == null || state.getExperiment() == null || state.getTold() != null) {
            return;
        }
        Experiment experiment = state.getExperiment();
        EvaluationPlanner planner = new EvaluationPlanner(state);
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
            status = status(experiment, Phase.RUNNING, "attacking");
            long done = planner.outcomes();
            long now = context().currentSystemTimeMs();
            double seconds = (now - began.computeIfAbsent(id, any -> now)) / 1000.0;
            status.setDone(done);
            status.setTotal(total);
            status.setUnit("images");
            status.setRate(seconds > 1 ? done / seconds : 0);
        }
        planner.refusal().ifPresent(status::setError);
        forward(id + "/" + SERVICE, status);
    }

    private static ExperimentStatus status(Experiment experiment, Phase phase, String activity) {
        return StatusReporter.status(experiment, SERVICE, phase, activity, Optional.empty());
    }
}
