package dev.romestream.evaluator;

import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.exchange.store.SnapshotStore;
import dev.romestream.experiments.Removal;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Removes what has been written for experiments that are gone: their networks and statuses and, where that is asked for, their results.
 * Their plans, tallies and checkpoints are removed by those who keep them.
 */
final class ExperimentRemover {
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final List<Topic> RESULTS =
            List.of(Topic.ROBUSTNESS_LATEST, Topic.ROBUSTNESS_FLAT, Topic.ALERTS, Topic.ACTIONS);

    private final RomeConfig config;
    private final NetworkStore networks;
    private final SnapshotStore snapshots;
    private final RecordSender sender;

    ExperimentRemover(RomeConfig config, NetworkStore networks, SnapshotStore snapshots, RecordSender sender) {
        this.config = config;
        this.networks = networks;
        this.snapshots = snapshots;
        this.sender = sender;
    }

    void remove(Collection<Removal> removals) {
        Set<String> all = removals.stream().map(Removal::experiment).collect(Collectors.toSet());
        Set<String> whole = removals.stream()
                .filter(Removal::results)
                .map(Removal::experiment)
                .collect(Collectors.toSet());
        networks(all);
        records(Topic.EXPERIMENT_STATUS, all);
        if (!whole.isEmpty()) {
            RESULTS.forEach(topic -> records(topic, whole));
            snapshots.awaitCurrent(LIMIT);
            whole.forEach(experiment ->
                    snapshots.numbers(experiment).forEach(number -> snapshots.retire(sender, experiment, number)));
        }
        sender.flush();
    }

    /** Victims, and networks that were brought to be scored by the experiment. */
    private void networks(Set<String> experiments) {
        networks.awaitCurrent();
        networks.keys().stream()
                .filter(key -> networks.head(key)
                        .filter(head ->
                                head.getRole() != NetworkRole.PRIOR && experiments.contains(head.getExperiment()))
                        .isPresent())
                .forEach(key -> networks.retire(sender, key));
    }

    /** Records of which the key begins with the experiment. */
    private void records(Topic topic, Set<String> experiments) {
        Set<String> keys = ConcurrentHashMap.newKeySet();
        try (TopicReader reader = new TopicReader(config, topic, record -> {
            String key = record.key();
            if (key != null && experiments.contains(key.substring(0, Math.max(0, key.indexOf('/'))))) {
                if (record.value() == null) {
                    keys.remove(key);
                } else {
                    keys.add(key);
                }
            }
        })) {
            reader.awaitCaughtUp(LIMIT);
        }
        keys.forEach(key -> sender.tombstone(topic, key));
    }
}
