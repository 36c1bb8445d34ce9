package dev.romestream.evaluator;

import dev.romestream.exchange.InvalidRecordException;
import dev.romestream.exchange.NetworkCodec;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.Ranges;
import dev.romestream.schemas.Topic;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The networks that users bring, in the order in which they came, without their parameters. */
final class MonitoredNetworks implements AutoCloseable {
    private final Map<String, Network> waiting = new LinkedHashMap<>();
    private final Map<String, Network> taken = new LinkedHashMap<>();
    private final RecordReader<Network> reader;

    MonitoredNetworks(RomeConfig config) {
        this.reader = new RecordReader<>(config, Topic.NETWORKS, Network.class, this::accept);
    }

    private synchronized void accept(String key, Network network) {
        if (network == null) {
            waiting.remove(key);
            taken.remove(key);
        } else if (network.getRole() == NetworkRole.MONITORED && network.getPart() == 0) {
            check(key, network);
            waiting.put(key, network);
        }
    }

    private static void check(String key, Network network) {
        List<String> violations = Ranges.violations(network);
        if (!violations.isEmpty()) {
            throw new InvalidRecordException("Network " + key + ": " + String.join(" ", violations));
        }
        if (!key.equals(NetworkCodec.key(network.getId(), network.getVersion()))) {
            throw new InvalidRecordException("The network's key is '" + key + "'; its id and version give '"
                    + NetworkCodec.key(network.getId(), network.getVersion()) + "'.");
        }
        if (network.getExperiment() == null) {
            throw new InvalidRecordException("Network " + key + " is to be monitored and names no experiment; give the"
                    + " id of one without a distillation.");
        }
    }

    /** Takes the first network of which {@code ready} is true, if there is one. */
    synchronized Optional<Network> take(Predicate<Network> ready) {
        reader.throwFailure();
        Optional<Map.Entry<String, Network>> found = waiting.entrySet().stream()
                .filter(entry -> ready.test(entry.getValue()))
                .findFirst();
        found.ifPresent(entry -> {
            waiting.remove(entry.getKey());
            taken.put(entry.getKey(), entry.getValue());
        });
        return found.map(Map.Entry::getValue);
    }

    /** Lets the networks of an experiment be taken again, should it run again. */
    synchronized void giveBack(String experiment) {
        taken.entrySet().removeIf(entry -> {
            boolean given = experiment.equals(entry.getValue().getExperiment());
            if (given) {
                waiting.put(entry.getKey(), entry.getValue());
            }
            return given;
        });
    }

    @Override
    public void close() {
        reader.close();
    }
}
