package dev.romestream.evaluator;

import dev.romestream.exchange.DatasetStore;
import dev.romestream.exchange.SuiteCodec;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.robustness.attack.Suite;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.schemas.EvaluationContext;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.PlannedAttack;
import dev.romestream.schemas.Topic;
import java.util.List;

/** Asks for the attacks of an evaluation's suites on its victims. */
final class AttackPlanner {
    private final RecordSender sender;
    private final EvaluationSpec spec;
    private final DatasetStore.Dataset dataset;
    private final List<Suite> suites;

    AttackPlanner(RecordSender sender, EvaluationSpec spec, DatasetStore.Dataset dataset) {
        this.sender = sender;
        this.spec = spec;
        this.dataset = dataset;
        this.suites = SuiteCodec.decode(spec);
    }

    /** A network that is attacked. */
    record Victim(NetworkVersion network, String architecture, Seed seed) {}

    /** Metrics records that the evaluation of one victim ends with. */
    static int figuresOfVictim(EvaluationSpec spec) {
        return spec.getSuites().size() * Mode.values().length;
    }

    /** Images of the test split that are attacked. */
    int images() {
        int all = dataset.test().size();
        return spec.getImages() == null ? all : Math.min(all, spec.getImages());
    }

    /**
     * Outcomes of one victim, over suites, modes and attacks.
     *
     * @param sources of transferred attacks
     */
    long outcomes(NetworkVersion victim, List<NetworkVersion> sources) {
        return images()
                * suites.stream()
                        .flatMap(suite -> EvaluationPlan.cells(suite, victim, sources).stream())
                        .mapToLong(cell -> cell.getModes().size())
                        .sum();
    }

    /** Asks for the attacks that a victim's own network is enough for. */
    void ask(EvaluationContext about, Victim victim) {
        suites.stream().filter(suite -> !transfers(suite)).forEach(suite -> ask(about, victim, suite, List.of()));
        sender.flush();
    }

    /** Asks for the attacks that are crafted on other networks, too, which have to be on their topic. */
    void askTransfers(EvaluationContext about, Victim victim, List<NetworkVersion> sources) {
        suites.stream().filter(AttackPlanner::transfers).forEach(suite -> ask(about, victim, suite, sources));
        sender.flush();
    }

    private static boolean transfers(Suite suite) {
        return suite.entries().stream().anyMatch(Suite.Entry::transfer);
    }

    private void ask(EvaluationContext about, Victim victim, Suite suite, List<NetworkVersion> sources) {
        List<PlannedAttack> plan = EvaluationPlan.cells(suite, victim.network(), sources);
        EvaluationContext context = EvaluationContext.newBuilder(about)
                .setVictim(victim.network().getNetwork())
                .setVersion(victim.network().getVersion())
                .setArchitecture(victim.architecture())
                .setSuite(suite.name())
                .setDataset(dataset.descriptor().getId())
                .setFingerprint(dataset.descriptor().getFingerprint())
                .setClasses(dataset.test().classes())
                .setImages(images())
                .setPlan(plan)
                .setCell(0)
                .build();
        EvaluationPlan.requests(
                context,
                dataset.test(),
                spec.getRequestSize(),
                victim.seed(),
                request -> sender.send(Topic.ATTACK_REQUESTS, request.getId(), request));
    }
}
