package dev.romestream.standalone.network;

import ai.djl.ndarray.NDManager;
import dev.romestream.client.experiment.ExperimentControl;
import dev.romestream.client.result.Results;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.experiments.DatasetIds;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.messaging.service.Resources;
import dev.romestream.messaging.topic.RecordReader;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.tensor.Tensors;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Topic;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * An experiment without a distillation, seen from those who bring the networks: it is written, networks are published for it,
 * and their figures come back.
 */
public final class NetworkMonitoring implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Resources resources = new Resources();
    private final RomeConfig config;
    private Experiment experiment;
    private final NDManager manager;
    private final RecordSender sender;
    private final NetworkStore networks;
    private final Results results;
    private final Map<String, NavigableMap<Integer, String>> published = new HashMap<>();
    private Optional<DatasetDescriptor> dataset = Optional.empty();

    /** Reads what is there already of the experiment's networks and figures. */
    public NetworkMonitoring(RomeConfig config, Experiment experiment) {
        this.config = config;
        this.experiment = experiment;
        this.manager = resources.add(
                Tensors.manager(config.string(Settings.ENGINE_DEVICE), config.integer(Settings.ENGINE_THREADS)));
        this.sender = resources.add(new RecordSender(config));
        this.results = resources.add(new Results(config));
        this.networks = resources.add(new NetworkStore(config));
        var heads = resources.add(
                new RecordReader<>(config, Topic.NETWORKS, Network.class, (key, value) -> acceptNetwork(value)));
        var datasets = resources.add(new RecordReader<>(
                config, Topic.DATASETS, DatasetDescriptor.class, (key, value) -> acceptDataset(value)));
        heads.awaitCaughtUp(LIMIT);
        datasets.awaitCaughtUp(LIMIT);
    }

    private synchronized void acceptNetwork(Network network) {
        if (network != null
                && network.getRole() == NetworkRole.MONITORED
                && experiment.getId().equals(network.getExperiment())) {
            versions(network.getId()).put(network.getVersion(), network.getFingerprint());
        }
    }

    private NavigableMap<Integer, String> versions(String network) {
        return published.computeIfAbsent(network, any -> new TreeMap<>());
    }

    private synchronized void acceptDataset(DatasetDescriptor descriptor) {
        if (descriptor != null
                && descriptor.getTestImages() > 0
                && DatasetIds.isOf(descriptor, experiment.getDataset())) {
            dataset = Optional.of(descriptor);
        }
    }

    /** Writes the experiment, to run: as its next run, where there were others. */
    public synchronized void start() {
        experiment = ExperimentControl.nextRun(config, experiment);
        write(DesiredState.RUN);
    }

    /** The experiment as it was written. */
    public synchronized Experiment experiment() {
        return experiment;
    }

    /** Writes the experiment, to stop. */
    public synchronized void stop() {
        write(DesiredState.STOP);
    }

    private void write(DesiredState state) {
        Experiment written =
                Experiment.newBuilder(experiment).setDesiredState(state).build();
        sender.send(Topic.EXPERIMENTS, experiment.getId(), written);
        sender.flush();
    }

    /** Whether the data set is described, without which no network can be checked. */
    public synchronized boolean isReady() {
        return dataset.isPresent();
    }

    /** The version of a network that a file is: the one with its fingerprint, or else the next one. */
    public synchronized NetworkVersion version(String name, ModelFile model) {
        String id = experiment.getId() + "/" + name;
        NavigableMap<Integer, String> versions = versions(id);
        int next = versions.isEmpty() ? 0 : versions.lastKey() + 1;
        int version = versions.entrySet().stream()
                .filter(entry -> entry.getValue().equals(model.fingerprint()))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(next);
        return new NetworkVersion(id, version, "");
    }

    /**
     * The record of a network that is to be scored.
     *
     * @throws ModelException where it is not one for the data set
     */
    public Network prepared(ModelFile model, NetworkVersion version) {
        return model.record(manager, dataset(), experiment.getId(), version);
    }

    /** The data set, once it is described. */
    public synchronized DatasetDescriptor dataset() {
        return dataset.orElseThrow();
    }

    /** What a network is given, in words. */
    public String units(ModelFile model) {
        return model.units(dataset());
    }

    /**
     * Publishes a network to be scored.
     *
     * @param sources on which a suite's transfer attacks are crafted; empty for the network itself
     */
    public void publish(Network network, List<NetworkVersion> sources) {
        network.setSources(sources);
        networks.send(sender, network);
        sender.flush();
        acceptNetwork(network);
    }

    /** The newest figures of a network, by suite and mode; none before the first outcome. */
    public List<RobustnessMetrics> figures(NetworkVersion network) {
        return results.metrics(experiment.getId()).stream()
                .filter(metrics -> metrics.getVictim().equals(network.getNetwork())
                        && metrics.getVersion() == network.getVersion())
                .toList();
    }

    /** Complete metrics of all networks, by their keys. */
    public Map<String, RobustnessMetrics> complete() {
        Map<String, RobustnessMetrics> complete = new LinkedHashMap<>();
        results.metrics(experiment.getId()).stream()
                .filter(RobustnessMetrics::getComplete)
                .forEach(metrics -> complete.put(Identity.evaluationKey(metrics) + "/" + metrics.getMode(), metrics));
        return complete;
    }

    /** Metrics of each network in all. */
    public int metricsOfNetwork() {
        return experiment.getEvaluation().getSuites().size() * Mode.values().length;
    }

    /** Whether all figures of a network are complete. */
    public boolean isComplete(NetworkVersion network) {
        List<RobustnessMetrics> figures = figures(network);
        return figures.size() == metricsOfNetwork() && figures.stream().allMatch(RobustnessMetrics::getComplete);
    }

    /** Why a network's figures are not of all attacks, where one failed. */
    public Optional<String> failure(NetworkVersion network) {
        return figures(network).stream()
                .flatMap(metrics -> metrics.getAttacks().stream())
                .filter(attack -> attack.getFailure() != null)
                .map(attack -> "The attack " + attack.getAttack() + " on " + network.getNetwork() + " failed: "
                        + attack.getFailure())
                .findFirst();
    }

    @Override
    public void close() {
        resources.close();
    }
}
