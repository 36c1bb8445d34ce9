package dev.romestream.exchange.store;

import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.TensorBytes;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.topic.ChunkStore;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.TopicReader;
import dev.romestream.messaging.topic.TopicView;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.SerializationException;

/**
 * The networks of the cluster. What they are stands on {@code networks}, small, so that everybody can follow it; the bytes of
 * their tensors are chunks, which only those read who need them. Safe for use by several threads.
 */
public final class NetworkStore implements TopicView {
    private static final String OWNER = "networks/";
    private static final long CACHE_BYTES = 64L * 1024 * 1024;
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final RecordIndex<Network> index;
    private final ChunkStore chunks;

    public NetworkStore(RomeConfig config) {
        this.index = new RecordIndex<>(config, Topic.NETWORKS, Network.class, CACHE_BYTES);
        this.chunks = new ChunkStore(config);
    }

    @Override
    public TopicReader reader() {
        return index.reader();
    }

    /** Waits until everything is known that is on the topic now. */
    public void awaitCurrent() {
        index.awaitCurrent(LIMIT);
    }

    /** Waits until something new is known, or {@code limit} has passed, or a little less. */
    public void awaitChange(Duration limit) {
        index.awaitChange(limit);
    }

    /** Keys of the networks that are there. */
    public Set<String> keys() {
        return index.ids();
    }

    public boolean contains(String key) {
        return index.contains(key);
    }

    /** Whether a network is there or, of this attempt at it or a later one, the failure to make it. */
    public boolean isAnswered(String key, int attempt) {
        return contains(key)
                && head(key)
                        .filter(head -> head.getError() == null || head.getAttempt() >= attempt)
                        .isPresent();
    }

    /** Whether a network was there under this key, and was retired. */
    public boolean isRetired(String key) {
        return index.isRetired(key);
    }

    /** As {@link RecordIndex#retirement}: another one where a network was there meanwhile, and was retired, too. */
    public long retirement(String key) {
        return index.retirement(key);
    }

    /** What is known of a network, without the bytes of its tensors; of a record that makes no sense, nothing. */
    public Optional<Network> head(String key) {
        try {
            return index.get(key);
        } catch (SerializationException e) {
            return Optional.empty();
        }
    }

    /**
     * The network with this key and its tensors' bytes; empty where it is not there, now and on the topic.
     *
     * @throws InvalidRecordException where the bytes are not what its tensors take
     */
    public Optional<Network> find(String key) {
        if (!index.contains(key)) {
            awaitCurrent();
        }
        return head(key).flatMap(own -> whole(own).or(() -> {
            // written again, it stands elsewhere
            awaitCurrent();
            return head(key).flatMap(this::whole);
        }));
    }

    private Optional<Network> whole(Network own) {
        return own.getChunks().isEmpty()
                ? Optional.of(own)
                : chunks.read(own.getChunks()).map(bytes -> filled(own, bytes));
    }

    private static Network filled(Network own, byte[] bytes) {
        int momentum = own.getParameters().size();
        int average = momentum + own.getMomentum().size();
        List<Tensor> tensors =
                TensorBytes.split("Network " + NetworkCodec.key(own.getId(), own.getVersion()), tensors(own), bytes);
        return Network.newBuilder(own)
                .setChunks(List.of())
                .setParameters(named(own.getParameters(), tensors.subList(0, momentum)))
                .setMomentum(named(own.getMomentum(), tensors.subList(momentum, average)))
                .setAverage(named(own.getAverage(), tensors.subList(average, tensors.size())))
                .build();
    }

    private static List<Tensor> tensors(Network network) {
        return Stream.of(network.getParameters(), network.getMomentum(), network.getAverage())
                .flatMap(List::stream)
                .map(NamedTensor::getTensor)
                .toList();
    }

    private static List<NamedTensor> named(List<NamedTensor> names, List<Tensor> tensors) {
        List<NamedTensor> named = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            named.add(new NamedTensor(names.get(i).getName(), tensors.get(i)));
        }
        return named;
    }

    /** Writes a network: its bytes, which the broker has then, and its own record, which {@code sender} sends. */
    public void send(RecordSender sender, Network network) {
        String key = NetworkCodec.key(network.getId(), network.getVersion());
        Network own = Network.newBuilder(network)
                .setChunks(chunks.write(OWNER + key, TensorBytes.join(tensors(network))))
                .setParameters(emptied(network.getParameters()))
                .setMomentum(emptied(network.getMomentum()))
                .setAverage(emptied(network.getAverage()))
                .build();
        sender.send(Topic.NETWORKS, key, own);
    }

    private static List<NamedTensor> emptied(List<NamedTensor> tensors) {
        return tensors.stream()
                .map(tensor -> new NamedTensor(tensor.getName(), TensorBytes.emptied(tensor.getTensor())))
                .toList();
    }

    /** Retires a network, if it is there: its own record, and its bytes. */
    public void retire(RecordSender sender, String key) {
        head(key).ifPresent(own -> {
            sender.tombstone(Topic.NETWORKS, key);
            chunks.retire(OWNER + key, own.getChunks());
        });
    }

    @Override
    public void close() {
        index.close();
        chunks.close();
    }
}
