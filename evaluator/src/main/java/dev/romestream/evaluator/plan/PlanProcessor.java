package dev.romestream.evaluator.plan;

import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.streams.Write;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetRetired;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ExperimentStatus;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.NetworkSeen;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
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
public final class PlanProcessor extends ContextualProcessor<String, PlannerEvent, String, Write> {
    public static final String STATES = "experiments-evaluated";
    public static final String PLANS = "evaluations-planned";
    public static final String DATASETS = "evaluation-datasets";
    private static final Duration TELLING = Duration.ofMillis(300);

    /** Experiments of which there is something new to tell, and the pace of each. */
    private final Set<String> changed = new HashSet<>();

    private final Map<String, PlanStatus.Pace> paces = new HashMap<>();

    /** When something new came of each. */
    private final Map<String, Long> moved = new HashMap<>();

    private final Precision fastest;

    /** @param fastest the precision of attacks that leave it open */
    public PlanProcessor(Precision fastest) {
        this.fastest = fastest;
    }

    @Override
    public void init(ProcessorContext<String, Write> context) {
        super.init(context);
        context.schedule(TELLING, PunctuationType.WALL_CLOCK_TIME, now -> {
            changed.forEach(this::tellProgress);
            changed.clear();
        });
        context.schedule(
                PlanStatus.STILL,
                PunctuationType.WALL_CLOCK_TIME,
                now -> moved.forEach((id, at) -> {
                    if (now - at > PlanStatus.STILL.toMillis() && planner(id).isWaiting()) {
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
            waitingFor(DatasetIds.stream(descriptor)).forEach(id -> apply(id, planner -> planner.dataset(descriptor)));
        } else if (fact instanceof DatasetRetired retired) {
            DatasetDescriptor descriptor = datasets().delete(retired.getId());
            if (descriptor != null) {
                waitingFor(DatasetIds.stream(descriptor))
                        .forEach(id -> apply(id, planner -> planner.retired(retired.getId())));
            }
        } else if (fact == null) {
            remove(key);
            changed.remove(key);
            paces.remove(key);
            moved.remove(key);
        } else if (fact instanceof Experiment experiment) {
            apply(key, planner -> {
                planner.experiment(experiment);
                datasets(experiment.getDataset()).forEach(planner::dataset);
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

    /** What is there of a data set: of a stream, its windows in order. */
    private List<DatasetDescriptor> datasets(DatasetSpec spec) {
        if (spec.getWindow() == null) {
            return Optional.ofNullable(datasets().get(DatasetIds.of(spec))).stream()
                    .toList();
        }
        List<DatasetDescriptor> windows = new ArrayList<>();
        try (KeyValueIterator<String, DatasetDescriptor> own =
                datasets().prefixScan(DatasetIds.of(spec) + "@", new StringSerializer())) {
            own.forEachRemaining(entry -> windows.add(entry.value));
        }
        windows.sort(Comparator.comparingInt(window -> window.getWindow().getNumber()));
        return windows;
    }

    private void remove(String id) {
        EvaluationState state = states().delete(id);
        if (state != null) {
            EvaluationPlanner planner = new EvaluationPlanner(state, new StoredPlans(id), fastest);
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
        return new EvaluationPlanner(state == null ? EvaluationPlanner.unknown() : state, new StoredPlans(id), fastest);
    }

    private void apply(String id, Change change) {
        EvaluationPlanner planner = planner(id);
        DatasetDescriptor before = planner.state().getDataset();
        change.to(planner);
        if (before != null && !before.equals(planner.state().getDataset())) {
            paces.remove(id);
        }
        planner.plan();
        planner.work().forEach(this::forward);
        changed(id, planner);
    }

    /** Figures change nothing of what is to be done. */
    private void progress(String id, FigureProgress figure) {
        EvaluationPlanner planner = planner(id);
        if (planner.figure(figure)) {
            if (planner.isTurned()) {
                paces.remove(id);
                planner.plan();
                planner.work().forEach(this::forward);
            }
            changed(id, planner);
        }
    }

    private void changed(String id, EvaluationPlanner planner) {
        if (planner.isEmpty()) {
            return;
        }
        PlanStatus.of(planner).end().ifPresent(this::tell);
        states().put(id, planner.state());
        changed.add(id);
        moved.put(id, context().currentSystemTimeMs());
    }

    private void forward(Write write) {
        context().forward(write.at(context().currentSystemTimeMs()));
    }

    private void tellProgress(String id) {
        long now = context().currentSystemTimeMs();
        EvaluationPlanner planner = planner(id);
        PlanStatus.of(planner)
                .running(
                        outcomes -> paces.computeIfAbsent(id, any -> new PlanStatus.Pace(now, outcomes)),
                        moved.getOrDefault(id, now),
                        now)
                .ifPresent(this::tell);
        if (!planner.isWaiting()) {
            // a pause, or the time until there is more to do, is no part of a pace
            paces.remove(id);
        }
    }

    private void tell(ExperimentStatus status) {
        forward(new Write(Topic.EXPERIMENT_STATUS, status.getExperiment() + "/" + PlanStatus.SERVICE, status));
    }
}
