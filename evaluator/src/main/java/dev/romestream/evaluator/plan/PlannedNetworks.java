package dev.romestream.evaluator.plan;

import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.messaging.streams.Write;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.NetworkCheck;
import dev.romestream.schemas.NetworkProgress;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSeen;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.SnapshotProgress;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimTraining;
import dev.romestream.schemas.WorkAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;

/** The networks that an experiment evaluates: victims to be trained, and networks that a user brings and that are to be checked. */
record PlannedNetworks(EvaluationState state) {
    static List<NetworkProgress> all(EvaluationState state) {
        List<NetworkProgress> all = new ArrayList<>(state.getNetworks());
        state.getSnapshots().forEach(snapshot -> all.addAll(snapshot.getVictims()));
        return all;
    }

    static boolean isSame(NetworkVersion one, NetworkVersion other) {
        return one.getNetwork().equals(other.getNetwork()) && one.getVersion() == other.getVersion();
    }

    /** What was refused is tried again. */
    void retry() {
        all(state).forEach(network -> network.setRefusal(null));
    }

    /** Until they have been checked again, networks that were brought have no evaluations. */
    void lookAgain() {
        state.getNetworks().forEach(network -> {
            network.setReady(false);
            network.setOutstanding(null);
            network.getNetwork().setDigest("");
        });
    }

    /** A network's record: one that a user brings, or a victim's, which may have come from elsewhere. */
    void seen(NetworkSeen seen) {
        boolean brought = seen.getRole() == NetworkRole.MONITORED;
        Optional<NetworkProgress> known = all(state).stream()
                .filter(network -> isSame(network.getNetwork(), seen.getNetwork()))
                .findFirst();
        if (known.isEmpty() && brought) {
            NetworkProgress network =
                    NetworkProgress.newBuilder().setNetwork(seen.getNetwork()).build();
            describe(network, seen);
            state.getNetworks().add(network);
        } else if (known.isPresent() && !known.get().getRevision().equals(seen.getRevision())) {
            NetworkProgress network = known.get();
            if (brought) {
                describe(network, seen);
                network.setRefusal(null);
                // what is said of the record before says nothing of this one
                network.setOutstanding(null);
            }
            network.setReady(false);
        }
    }

    private static void describe(NetworkProgress network, NetworkSeen seen) {
        network.setArchitecture(seen.getArchitecture());
        network.setSources(new ArrayList<>(seen.getSources()));
        network.setRevision(seen.getRevision());
        network.setClasses(seen.getClasses());
    }

    /** What a worker says of a network that it was asked for. */
    void answered(WorkAnswer answer) {
        for (NetworkProgress network : all(state)) {
            if (answer.getId().equals(network.getOutstanding())) {
                network.setOutstanding(null);
                if (answer.getOutcome() == Outcome.DONE) {
                    looked(network, answer);
                } else if (answer.getOutcome() == Outcome.FAILED) {
                    refuse(network, Objects.requireNonNullElse(answer.getError(), "it is not said why"));
                }
            }
        }
    }

    /** Of a record that was replaced meanwhile, what was seen of it is of no use. */
    private void looked(NetworkProgress network, WorkAnswer answer) {
        if (!isBrought(network) || network.getRevision().equals(answer.getRevision())) {
            network.setRevision(answer.getRevision());
            network.getNetwork().setDigest(answer.getDigest());
            network.setFlags(new ArrayList<>(answer.getFlags()));
            network.setReady(true);
        }
    }

    private void refuse(NetworkProgress network, String reason) {
        network.setRefusal(reason);
        network.getNetwork().setDigest("");
        if (!isBrought(network)) {
            state.setFailure(reason);
        }
    }

    private boolean isBrought(NetworkProgress network) {
        return state.getNetworks().contains(network);
    }

    /** Requests for networks that are neither ready nor out nor refused. */
    List<Write> missing(boolean active) {
        List<Write> requests = new ArrayList<>();
        if (state.getExperiment().getDistillation() == null) {
            state.getNetworks().forEach(network -> request(network, request(check(network)), active, requests));
        } else {
            EvaluationProgress.snapshots(state).forEach(snapshot -> victims(snapshot, active, requests));
        }
        return requests;
    }

    private static NetworkCheck check(NetworkProgress network) {
        return new NetworkCheck(
                NetworkVersion.newBuilder(network.getNetwork()).setDigest("").build());
    }

    /** Another victim in place of each that something else determines now. */
    private void victims(SnapshotProgress snapshot, boolean active, List<Write> requests) {
        List<NetworkProgress> victims = new ArrayList<>();
        for (Victim wanted : Victim.of(state.getExperiment())) {
            VictimRequest request =
                    request(new VictimTraining(snapshot.getNumber(), snapshot.getManifest(), wanted.number()));
            String id = Victim.id(state.getExperiment(), snapshot.getNumber(), wanted.number());
            NetworkProgress victim = snapshot.getVictims().stream()
                    .filter(known -> known.getOrigin().equals(request.getId()))
                    .findFirst()
                    .orElseGet(() -> NetworkProgress.newBuilder()
                            .setNetwork(new NetworkVersion(id, 0, ""))
                            .setArchitecture(wanted.description())
                            .setOrigin(request.getId())
                            .build());
            victims.add(victim);
            request(victim, request, active, requests);
        }
        snapshot.setVictims(victims);
    }

    private VictimRequest request(SpecificRecord task) {
        VictimRequest request = VictimRequest.newBuilder()
                .setId("")
                .setExperiment(state.getExperiment())
                .setTask(task)
                .setSequence(state.getRequests())
                .build();
        // of a set on a stream, the manifest says which window it is of
        boolean isOfWindow = PlannedEvaluations.isStream(state) && task instanceof VictimTraining;
        request.setId(
                Identity.victim(request, isOfWindow ? "" : state.getDataset().getFingerprint()));
        return request;
    }

    private void request(NetworkProgress network, VictimRequest request, boolean active, List<Write> requests) {
        if (!active || network.getReady() || network.getOutstanding() != null || network.getRefusal() != null) {
            return;
        }
        request.setSequence(state.getRequests());
        state.setRequests(state.getRequests() + 1);
        network.setOutstanding(Victim.answerId(request));
        requests.add(new Write(Topic.VICTIM_REQUESTS, request.getId(), request));
    }
}
