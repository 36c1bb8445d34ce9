package dev.romestream.distiller;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.AttackCodec;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.distill.EmbeddingSum;
import dev.romestream.robustness.distill.NetworkSchedule;
import dev.romestream.robustness.distill.PoolMember;
import dev.romestream.robustness.distill.PriorDraws;
import dev.romestream.robustness.distill.PriorSource;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.AnswerKind;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.Pool;
import dev.romestream.schemas.PoolRequest;
import dev.romestream.schemas.PriorAnswer;
import dev.romestream.schemas.Split;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Pool networks and priors from their topics. What the next iterations need is requested ahead, within a window; what is
 * there already, made for another experiment or before a restart, is not requested again. Answers are used in the
 * schedule's order, so that timing changes nothing.
 */
final class StreamedPriors implements PriorSource {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);
    private static final long TELL_NANOS = 10_000_000_000L;
    /** Networks are requested further ahead than priors, because their versions are made one after the other. */
    private static final int POOL_WINDOWS = 4;

    private final NDManager manager;
    private final NetworkStore networks;
    private final RecordIndex<PriorAnswer> answers;
    private final RecordSender sender;
    private final Needs needs;
    private final Limits limits;
    private final BooleanSupplier cancelled;
    private final Consumer<String> waiting;
    /** By key, with the last retirement that was known then: one that was made and is gone again is requested again. */
    private final Map<String, Long> requestedNetworks = new HashMap<>();

    /** The requests of an iteration. */
    private final NavigableMap<Integer, Asked> requested = new TreeMap<>();

    /** The networks of the newest iteration that was asked for. */
    private final Map<NetworkSchedule.Version, Held> held = new HashMap<>();

    private int newest = -1;
    private int round;

    /**
     * What an experiment needs.
     *
     * @param priors whether it needs them, beside the networks
     * @param iterations in all
     * @param experiment that they are of: failures in earlier runs are no answers
     */
    record Needs(
            Pool pool,
            NetworkSchedule schedule,
            PriorDraws draws,
            boolean priors,
            int iterations,
            Experiment experiment) {
        int attempt() {
            return experiment.getRun();
        }
    }

    /** @param revision of its record: what was written since is another network */
    private record Held(NDManager manager, String revision, PoolMember member) {}

    /**
     * The requests for an iteration's priors.
     *
     * @param revision of the network's record
     * @param classes the requests of each
     */
    private record Asked(String revision, List<List<AttackRequest>> classes) {
        Stream<AttackRequest> all() {
            return classes.stream().flatMap(List::stream);
        }
    }

    /**
     * Bounds of the stream.
     *
     * @param window iterations ahead whose priors are requested
     * @param patience after which an answer that did not come is requested again
     */
    record Limits(int window, Duration patience) {}

    /** @param waiting receives, from time to time, what is waited for, where that takes long */
    StreamedPriors(
            NDManager parent,
            NetworkStore networks,
            RecordIndex<PriorAnswer> answers,
            RecordSender sender,
            Needs needs,
            Limits limits,
            BooleanSupplier cancelled,
            Consumer<String> waiting) {
        this.manager = parent.newSubManager();
        this.networks = networks;
        this.answers = answers;
        this.sender = sender;
        this.needs = needs;
        this.limits = limits;
        this.cancelled = cancelled;
        this.waiting = waiting;
    }

    @Override
    public List<PoolMember> networks(int iteration) {
        List<NetworkSchedule.Version> wanted = needs.schedule().matched(iteration);
        requestAhead(iteration);
        held.entrySet().removeIf(entry -> {
            boolean isReplaced = iteration != newest
                    && !revision(entry.getKey()).equals(entry.getValue().revision());
            boolean leaves = isReplaced || !wanted.contains(entry.getKey());
            if (leaves) {
                entry.getValue().manager().close();
            }
            return leaves;
        });
        newest = iteration;
        List<PoolMember> members = new ArrayList<>();
        for (NetworkSchedule.Version version : wanted) {
            if (!held.containsKey(version)) {
                held.put(version, taken(iteration, version));
            }
            members.add(held.get(version).member());
        }
        return members;
    }

    private Held taken(int iteration, NetworkSchedule.Version version) {
        Network record = await(iteration, "the network " + key(version), () -> made(version));
        requestedNetworks.remove(key(version));
        if (record.getError() != null) {
            throw new InvalidRecordException(
                    "The network of iteration " + iteration + " was not trained: " + record.getError());
        }
        NDManager own = manager.newSubManager();
        return new Held(own, revision(version), NetworkCodec.member(own, record));
    }

    /** The network, or the failure to make it, if one of them is there; one that has lost its bytes is retired. */
    private Optional<Network> made(NetworkSchedule.Version version) {
        if (!isMade(version)) {
            return Optional.empty();
        }
        Optional<Network> found = networks.find(key(version));
        if (found.isEmpty()) {
            networks.retire(sender, key(version));
        }
        return found;
    }

    private String revision(NetworkSchedule.Version version) {
        return networks.head(key(version)).map(Identity::revision).orElse("");
    }

    private boolean isMade(NetworkSchedule.Version version) {
        return networks.isAnswered(key(version), needs.attempt());
    }

    @Override
    public NDArray meanEmbedding(NDManager target, int iteration, int label) {
        int features = networks(iteration).get(0).network().embeddingSize();
        requestAhead(iteration);
        requested.headMap(iteration).clear();
        List<AttackRequest> parts = await(
                iteration,
                "the priors of iteration " + iteration + " from attackers",
                () -> answered(iteration, label));
        return EmbeddingSum.mean(
                target,
                parts.stream().map(request -> sum(iteration, request, features)).toList());
    }

    /** The requests of a class, once all of them are answered. */
    private Optional<List<AttackRequest>> answered(int iteration, int label) {
        return Optional.ofNullable(requested.get(iteration))
                .map(asked -> asked.classes().get(label))
                .filter(requests ->
                        requests.stream().allMatch(request -> answer(request).isPresent()));
    }

    private Optional<PriorAnswer> answer(AttackRequest request) {
        return answers.get(request.getId())
                .filter(found -> found.getError() == null || found.getAttempt() >= needs.attempt());
    }

    private EmbeddingSum sum(int iteration, AttackRequest request, int features) {
        PriorAnswer answer = answer(request).orElseThrow();
        if (answer.getError() != null) {
            throw new InvalidRecordException("A prior of iteration " + iteration + " failed: " + answer.getError());
        }
        float[] values = TensorCodec.decode("embedding", answer.getEmbedding());
        int count = request.getImageIds().size();
        if (answer.getCount() != count || values.length != features) {
            throw new InvalidRecordException("PriorAnswer " + request.getId() + " sums " + answer.getCount()
                    + " embeddings of " + values.length + " values; requested were " + count + " of "
                    + features + ".");
        }
        return new EmbeddingSum(values, count);
    }

    private void requestAhead(int iteration) {
        int last = Math.min(needs.iterations(), iteration + POOL_WINDOWS * limits.window());
        Set<Integer> missing = new HashSet<>();
        for (int ahead = iteration; ahead < last; ahead++) {
            for (NetworkSchedule.Version version : needs.schedule().matched(ahead)) {
                if (isMade(version)) {
                    requestedNetworks.remove(key(version));
                } else if (missing.add(version.network())) {
                    request(version);
                }
            }
        }
        if (needs.priors()) {
            requestPriorsAhead(iteration);
        }
    }

    private void requestPriorsAhead(int iteration) {
        int last = Math.min(needs.iterations(), iteration + limits.window());
        for (int ahead = iteration; ahead < last && isMade(attacked(ahead)); ahead++) {
            String revision = revision(attacked(ahead));
            Asked before = requested.get(ahead);
            if (before == null || !before.revision().equals(revision)) {
                requestPriors(ahead, revision);
            }
        }
    }

    /** The network that an iteration's priors are crafted on. */
    private NetworkSchedule.Version attacked(int iteration) {
        return needs.schedule().matched(iteration).get(0);
    }

    private void request(NetworkSchedule.Version version) {
        long retirement = networks.retirement(key(version));
        if (!Objects.equals(requestedNetworks.put(key(version), retirement), retirement)) {
            sender.send(
                    Topic.POOL_REQUESTS,
                    key(version),
                    new PoolRequest(
                            needs.pool(),
                            version.network(),
                            version.version(),
                            needs.attempt(),
                            needs.experiment().getId()));
        }
    }

    /** Priors are of the parameters that the network has now. Where it was written again, attackers passed requests for it over. */
    private void requestPriors(int iteration, String revision) {
        NetworkSchedule.Version version = attacked(iteration);
        Optional<Network> record = made(version).filter(network -> network.getError() == null);
        if (record.isEmpty()) {
            return;
        }
        var network = new NetworkReference(
                Pools.networkId(needs.pool(), version.network()), version.version(), Identity.network(record.get()));
        String again = requested.containsKey(iteration) ? "/" + ++round : "";
        List<List<AttackRequest>> classes = new ArrayList<>();
        for (int label = 0; label < needs.draws().images().classes(); label++) {
            List<AttackRequest> parts = new ArrayList<>();
            for (PriorDraws.Part part : needs.draws().parts(iteration, label)) {
                AttackRequest request = request(network, part, iteration, label);
                if (answer(request).isEmpty()) {
                    sender.send(Topic.PRIOR_REQUESTS, request.getId() + again, request);
                }
                parts.add(request);
            }
            classes.add(parts);
        }
        requested.put(iteration, new Asked(revision, classes));
    }

    private AttackRequest request(NetworkReference network, PriorDraws.Part part, int iteration, int label) {
        var spec = new AttackCodec.RequestSpec(
                network,
                needs.pool().getDataset(),
                needs.pool().getFingerprint(),
                Split.TRAIN,
                part.imageIds(),
                needs.draws().attack(),
                Optional.of(needs.draws().augmentation(iteration, label)),
                part.seed(),
                AnswerKind.EMBEDDING,
                network.key(),
                Precision.FLOAT32);
        AttackRequest request = AttackCodec.request(spec, needs.attempt());
        request.setExperiment(needs.experiment().getId());
        return request;
    }

    private String key(NetworkSchedule.Version network) {
        return NetworkCodec.key(Pools.networkId(needs.pool(), network.network()), network.version());
    }

    /** What is wanted, when it is there; meanwhile, arrivals allow for further requests. */
    private <T> T await(int iteration, String what, Supplier<Optional<T>> wanted) {
        long start = System.nanoTime();
        long askedAt = start;
        long toldAt = start;
        while (true) {
            Optional<T> found = wanted.get();
            if (found.isPresent()) {
                return found.get();
            }
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("the distillation is not wanted any more");
            }
            long now = System.nanoTime();
            if (now - toldAt > TELL_NANOS) {
                toldAt = now;
                waiting.accept("waiting for " + what);
            }
            if (now - askedAt > limits.patience().toNanos()) {
                askedAt = now;
                askAgain();
            }
            requestAhead(iteration);
            networks.awaitChange(LOOK_AGAIN);
        }
    }

    /** What did not come may be lost: it is requested once more. */
    private void askAgain() {
        requestedNetworks.clear();
        round++;
        requested.values().stream()
                .flatMap(Asked::all)
                .filter(request -> answer(request).isEmpty())
                .forEach(request -> sender.send(Topic.PRIOR_REQUESTS, request.getId() + "/" + round, request));
    }

    @Override
    public void close() {
        manager.close();
    }
}
