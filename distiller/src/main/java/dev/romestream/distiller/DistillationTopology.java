package dev.romestream.distiller;

import dev.romestream.exchange.identity.Identity;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.experiments.StatusReporter;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.streams.ControlStream;
import dev.romestream.messaging.streams.Write;
import dev.romestream.schemas.AlertAction;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetRetired;
import dev.romestream.schemas.DistillationStage;
import dev.romestream.schemas.DistillationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.WorkAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Experiments, data sets and answers to requests for distillation: the {@link DistillationPlanner} on its topics. */
final class DistillationTopology {
    static final String STATES = "distillations";
    static final String DATASETS = "datasets-with-images";
    private static final String SERVICE = "distiller";
    private static final String PROCESSOR = "plan";

    private DistillationTopology() {}

    static Topology build(RomeConfig config) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
                        Stores.inMemoryKeyValueStore(STATES),
                        Serdes.String(),
                        ControlStream.<DistillationState>internal(config))
                .withLoggingEnabled(Map.of()));
        builder.addStateStore(
                Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(DATASETS), Serdes.String(), Serdes.String())
                        .withLoggingEnabled(Map.of()));
        var planned = new ControlStream<PlannerEvent>(config, builder)
                        .with(Topic.EXPERIMENTS, Experiment.class, (key, value) -> event(key, value))
                        .with(
                                Topic.DATASETS,
                                DatasetDescriptor.class,
                                (key, value) -> event(key, value == null ? new DatasetRetired(key) : value))
                        .with(
                                Topic.ACTIONS,
                                AlertAction.class,
                                (key, value) -> value == null ? Optional.empty() : event(key, value))
                        .with(
                                Topic.DISTILLATION_ANSWERS,
                                WorkAnswer.class,
                                (key, value) -> value == null ? Optional.empty() : event(value.getExperiment(), value))
                        .stream()
                        .process(PlanProcessor::new, Named.as(PROCESSOR), STATES, DATASETS);
        ControlStream.write(config, planned, "planned-out");
        return builder.build();
    }

    private static Optional<KeyValue<String, PlannerEvent>> event(String key, SpecificRecord fact) {
        return Optional.of(KeyValue.pair(key, new PlannerEvent(fact)));
    }

    private static final class PlanProcessor extends ContextualProcessor<String, PlannerEvent, String, Write> {
        private KeyValueStore<String, DistillationState> states() {
            return context().getStateStore(STATES);
        }

        private KeyValueStore<String, String> datasets() {
            return context().getStateStore(DATASETS);
        }

        @Override
        public void process(Record<String, PlannerEvent> record) {
            Object fact = record.value().getFact();
            if (fact == null) {
                remove(record.key());
            } else if (fact instanceof Experiment experiment) {
                DistillationState before = states().get(experiment.getId());
                if (experiment.getDistillation() != null) {
                    if (before != null
                            && before.getStage() != null
                            && !Identity.isSameDistillation(before.getExperiment(), experiment)) {
                        // the pool that it would carry on is of another distillation
                        forward(Topic.CHECKPOINTS, experiment.getId(), null);
                    }
                    plan(DistillationPlanner.changed(Optional.ofNullable(before), experiment));
                } else {
                    remove(experiment.getId());
                }
            } else if (fact instanceof WorkAnswer answer) {
                DistillationState state = states().get(answer.getExperiment());
                if (state != null) {
                    DistillationPlanner.checkpoint(state, answer)
                            .ifPresent(checkpoint -> forward(Topic.CHECKPOINTS, answer.getExperiment(), checkpoint));
                    plan(DistillationPlanner.answered(state, answer));
                }
            } else if (fact instanceof DatasetDescriptor descriptor) {
                datasets().put(descriptor.getId(), descriptor.getFingerprint());
                waiting(DatasetIds.stream(descriptor)).forEach(this::plan);
            } else if (fact instanceof AlertAction action) {
                states(state -> DistillationPlanner.isAsked(state, action))
                        .forEach(state -> plan(DistillationPlanner.asked(state, action)));
            } else if (fact instanceof DatasetRetired retired) {
                datasets().delete(retired.getId());
                waiting(DatasetIds.streamOf(retired.getId())).forEach(this::plan);
            }
        }

        private void remove(String id) {
            if (states().delete(id) != null) {
                forward(Topic.EXPERIMENT_STATUS, id + "/" + SERVICE, null);
                forward(Topic.CHECKPOINTS, id, null);
            }
        }

        private List<DistillationState> waiting(String dataset) {
            return states(
                    state -> DatasetIds.of(state.getExperiment().getDataset()).equals(dataset));
        }

        private List<DistillationState> states(Predicate<DistillationState> wanted) {
            List<DistillationState> found = new ArrayList<>();
            try (KeyValueIterator<String, DistillationState> all = states().all()) {
                all.forEachRemaining(entry -> {
                    if (wanted.test(entry.value)) {
                        found.add(entry.value);
                    }
                });
            }
            return found;
        }

        private void plan(DistillationState before) {
            Experiment experiment = before.getExperiment();
            boolean stream = experiment.getDataset().getWindow() != null;
            DistillationState state = stream
                    ? DistillationPlanner.staged(before, windows(DatasetIds.of(experiment.getDataset())))
                    : before;
            boolean hasImages =
                    stream ? state.getStage() != null : datasets().get(DatasetIds.of(experiment.getDataset())) != null;
            DistillationPlanner.Step step = DistillationPlanner.plan(state, hasImages);
            states().put(experiment.getId(), step.state());
            step.request().ifPresent(request -> forward(Topic.DISTILLATION_REQUESTS, experiment.getId(), request));
            step.notice()
                    .map(notice -> StatusReporter.status(
                            experiment, SERVICE, notice.phase(), notice.activity(), notice.error()))
                    .ifPresent(status -> forward(Topic.EXPERIMENT_STATUS, experiment.getId() + "/" + SERVICE, status));
        }

        /** The windows of a stream that have images. */
        private NavigableMap<Integer, DistillationStage> windows(String stream) {
            NavigableMap<Integer, DistillationStage> windows = new TreeMap<>();
            try (KeyValueIterator<String, String> own = datasets().prefixScan(stream + "@", new StringSerializer())) {
                own.forEachRemaining(entry -> {
                    if (!entry.value.isEmpty()) {
                        int number = Integer.parseInt(entry.key.substring(stream.length() + 1));
                        windows.put(
                                number,
                                DistillationStage.newBuilder()
                                        .setWindow(number)
                                        .setDataset(entry.key)
                                        .setFingerprint(entry.value)
                                        .build());
                    }
                });
            }
            return windows;
        }

        private void forward(Topic topic, String key, SpecificRecord value) {
            context().forward(new Write(topic, key, value).at(context().currentSystemTimeMs()));
        }
    }
}
