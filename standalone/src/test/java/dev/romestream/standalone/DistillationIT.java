package dev.romestream.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.romestream.exchange.codec.TensorCodec;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.exchange.store.NetworkStore;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Distillations through every service: what they share, and that their images are the same however the work is shared out. */
class DistillationIT extends SharedPipeline {
    @Test
    void oneOrThreeAttackersAndShareOrConsumerGroupsGiveTheSameImagesAndOutcomes() {
        Experiment experiment = experiment("evaluation.suites=[pixel-2]");
        shared.run(List.of(experiment), FIGURES_A_SUITE);
        for (Map<String, String> settings : List.of(
                Map.of("attacker.count", "3", "pool.trainer.count", "2"),
                Map.of("attacker.count", "2", "queue.type", "consumer", "prior.window.iterations", "1"))) {
            try (Pipeline other = new Pipeline(RomeConfig.of(cluster.tenant(settings)))) {
                other.run(List.of(experiment), FIGURES_A_SUITE);
                assertThat(other.images(experiment)).isEqualTo(shared.images(experiment));
                assertThat(other.outcomes(experiment)).isEqualTo(shared.outcomes(experiment));
            }
        }
    }

    @Test
    void streamedAndInlinePriorsGiveTheSameImagesByteForByteAndAnotherSeedDoesNot() {
        String suites = "evaluation.suites=[pixel-2]";
        Experiment streamed = experiment("distillation.prior.mode=streamed", suites);
        Experiment inline = experiment("distillation.prior.mode=inline", suites);
        Experiment seeded = experiment("seed=4", suites);
        shared.run(List.of(streamed, inline, seeded), FIGURES_A_SUITE);
        assertThat(shared.images(inline)).isEqualTo(shared.images(streamed));
        assertThat(shared.images(seeded)).isNotEqualTo(shared.images(streamed));
    }

    /** Every method but those that others of these tests show, in small. */
    private static List<Experiment> everyMethod(String... more) {
        String trajectories = "distillation.trajectories={experts: 2, starts: 2, length: 1, batch: 500, steps: 2,"
                + " averaging: 0.5, attack: {steps: 1}}";
        String labels = "distillation.labels={epochs: 1, batch: 500}";
        String pixels = "distillation.prior.attack={space: pixel, steps: 2}";
        Map<String, List<String>> settings = new TreeMap<>();
        settings.put("rome", List.of(pixels));
        List.of("c2r", "idm", "bacon").forEach(method -> settings.put(method, List.of()));
        List.of("guard", "herding", "kcenter").forEach(method -> settings.put(method, List.of(labels)));
        List.of("mtt", "mat")
                .forEach(method -> settings.put(method, List.of(trajectories, "distillation.learningRate=0.1")));
        settings.put("dm", List.of());
        List.of("dc", "dsa")
                .forEach(method -> settings.put(method, List.of("distillation.gradients={outer: 2, inner: 1}")));
        List<Experiment> experiments = new ArrayList<>();
        settings.forEach((method, own) -> {
            List<String> all = new ArrayList<>(own);
            all.addAll(List.of(more));
            all.addAll(List.of(
                    "distillation.method=" + method,
                    "seed=17",
                    "distillation.snapshotEvery=6",
                    "evaluation.suites=[quick]",
                    "evaluation.images=20",
                    "evaluation.victims={count: 1, epochs: 1}"));
            experiments.add(experiment(all.toArray(String[]::new)));
        });
        return experiments;
    }

    /** Whether networks and priors are streamed or made in place, with one pool trainer or two. */
    @Test
    void everyMethodGivesTheSameSetHoweverItsNetworksAreMade() {
        List<Experiment> streamed = everyMethod();
        List<Experiment> inline = everyMethod("distillation.prior.mode=inline");
        List<Experiment> again = streamed.stream()
                .filter(experiment -> List.of("c2r", "mat")
                        .contains(experiment.getDistillation().getMethod()))
                .toList();
        try (Pipeline other = new Pipeline(RomeConfig.of(cluster.tenant(Map.of("pool.trainer.count", "2"))))) {
            // beside each other, for both wait more than they compute
            other.submit(inline);
            other.submit(again);
            shared.run(streamed, FIGURES_A_SUITE / 4);
            other.run(inline, FIGURES_A_SUITE / 4);
            other.run(again, FIGURES_A_SUITE / 4);
            for (int i = 0; i < streamed.size(); i++) {
                Experiment experiment = streamed.get(i);
                assertThat(other.images(inline.get(i)))
                        .as(experiment.getDistillation().getMethod())
                        .isEqualTo(shared.images(experiment));
            }
            again.forEach(experiment -> assertThat(other.images(experiment)).isEqualTo(shared.images(experiment)));
        }
    }

    /** Chains of two epochs, of which the last is kept; experiments share them, and the images are what they are without. */
    @Test
    void softLabelsOfTeachersStandBesideTheImages() throws Exception {
        String[] common = {"seed=15", "evaluation.suites=[pixel-2]", "evaluation.images=20"};
        String soft =
                "distillation.labels={kind: soft, natural: 1, adversarial: 1, epochs: 2, batch: 500, attack: {steps: 1}}";
        Experiment hard = experiment(common[0], common[1], common[2]);
        Experiment softened = experiment(common[0], common[1], common[2], soft);
        Experiment random = experiment(common[0], common[1], common[2], soft, "distillation.method=random");
        shared.run(List.of(hard), FIGURES_A_SUITE);
        long iterations = shared.iterationsDone();
        shared.run(List.of(softened), FIGURES_A_SUITE);
        assertThat(shared.iterationsDone())
                .as("the images are those of the other experiment, and only labels are new")
                .isEqualTo(iterations);
        long requests = shared.written(Topic.POOL_REQUESTS);
        shared.run(List.of(random), FIGURES_A_SUITE / 2);
        assertThat(shared.written(Topic.POOL_REQUESTS))
                .as("teachers are shared")
                .isEqualTo(requests);
        assertThat(shared.images(softened)).isEqualTo(shared.images(hard));
        assertThat(shared.outcomes(softened)).isNotEqualTo(shared.outcomes(hard));

        var labels = shared.softLabels(softened);
        assertThat(labels.rows()).as("of a mosaic's quarters").isEqualTo(4);
        assertThat(labels.classes()).isEqualTo(10);
        assertThat(labels.values()).hasSize(10 * 4 * 10);
        for (int row = 0; row < labels.values().length; row += 10) {
            double sum = 0;
            for (int i = row; i < row + 10; i++) {
                assertThat(labels.values()[i]).isBetween(0f, 1f);
                sum += labels.values()[i];
            }
            assertThat(sum).isCloseTo(1, within(1e-5));
        }
        assertThat(shared.softLabels(random).rows()).isEqualTo(1);
        assertThat(shared.metrics(softened))
                .extracting(RobustnessMetrics::getLabelBytes)
                .containsOnly(10 * 8L + 10 * 4 * 10 * 4);

        try (Pipeline other = new Pipeline(RomeConfig.of(cluster.tenant(Map.of("pool.trainer.count", "2"))))) {
            other.run(List.of(softened), FIGURES_A_SUITE);
            assertThat(other.images(softened)).isEqualTo(shared.images(hard));
            assertThat(other.softLabels(softened).values()).isEqualTo(labels.values());
            assertThat(other.outcomes(softened)).isEqualTo(shared.outcomes(softened));

            // one whose images are kept while its teacher takes its time, and not after that
            Experiment waiting = experiment(
                    common[0],
                    common[1],
                    common[2],
                    "distillation.method=random",
                    "distillation.labels={kind: soft, natural: 1, adversarial: 0, epochs: 5, batch: 500}");
            String checkpoints = "checkpoints/" + waiting.getId();
            other.submit(List.of(waiting));
            other.until(() -> !keys(other, Topic.CHUNKS, checkpoints).isEmpty());
            other.run(List.of(waiting), FIGURES_A_SUITE / 2);
            other.until(() -> keys(other, Topic.CHUNKS, "checkpoints/").isEmpty());
        }
    }

    /** Whoever is behind goes on from the checkpoint of whoever is ahead; each has its own snapshots. */
    @Test
    void experimentsThatDifferInLabelsAloneAreDistilledOnceBetweenThem() {
        List<Experiment> experiments = TestExperiment.with(
                "sweep={distillation.labels.kind: [hard, soft], evaluation.images: [20, 21]}",
                "distillation.labels={natural: 1, adversarial: 0, epochs: 1, batch: 500}",
                "seed=23",
                "evaluation.suites=[pixel-2]",
                "evaluation.victims={count: 1, epochs: 1}");
        long before = shared.iterationsDone();
        Set<String> others = keys(shared, Topic.NETWORKS, "pool-");
        shared.run(experiments, FIGURES_A_SUITE / 2);
        // once, and less than twice where a segment is taken again
        assertThat(shared.iterationsDone() - before).isBetween(6L, 11L);
        // the pool is retired by whoever passes it last, and the teacher is left
        shared.until(() -> {
            Set<String> left = keys(shared, Topic.NETWORKS, "pool-");
            left.removeAll(others);
            return left.size() == 1;
        });
        assertThat(experiments).allSatisfy(experiment -> assertThat(shared.images(experiment))
                .isEqualTo(shared.images(experiments.get(0))));
    }

    /** They are of the pool whose first network is matched. */
    @Test
    void guardsTeachersStayAsLongAsTheyLabel() throws Exception {
        Experiment experiment = experiment(
                "distillation.method=guard",
                "distillation.labels={kind: soft, natural: 2, adversarial: 0, epochs: 1, batch: 500}",
                "distillation.guard.curvature=1",
                "seed=19",
                "evaluation.suites=[pixel-2]",
                "evaluation.images=20",
                "evaluation.victims={count: 1, epochs: 1}");
        long before = shared.written(Topic.POOL_REQUESTS);
        shared.run(List.of(experiment), FIGURES_A_SUITE / 2);
        assertThat(shared.written(Topic.POOL_REQUESTS) - before)
                .as("each of the two teachers is asked for once, and both snapshots are labelled by them")
                .isBetween(2L, 3L);
    }

    /** As another distiller does with what no experiment that it knows of needs. */
    @Test
    void poolNetworksThatAreRetiredWhileTheyAreNeededAreMadeAgain() {
        String suites = "evaluation.suites=[pixel-2]";
        Experiment undisturbed = experiment("distillation.prior.mode=inline", suites, "seed=12");
        Experiment disturbed = experiment("distillation.prior.mode=streamed", suites, "seed=12");
        shared.run(List.of(undisturbed), FIGURES_A_SUITE);
        Set<String> retired = new HashSet<>();
        shared.submit(List.of(disturbed));
        shared.until(() -> {
            shared.records(Topic.NETWORKS).stream()
                    .filter(network -> network.value() != null && network.key().startsWith("pool-"))
                    .filter(network ->
                            retired.add(network.partition() + "/" + network.offset()) && retired.size() <= 30)
                    .forEach(network -> shared.retire(Topic.NETWORKS, network.key()));
            return shared.isComplete(disturbed, FIGURES_A_SUITE);
        });
        assertThat(retired).hasSizeGreaterThan(6);
        assertThat(shared.images(disturbed)).isEqualTo(shared.images(undisturbed));
    }

    @Test
    void experimentsThatDifferInWhatIsDistilledShareNetworksAndPriors() throws Exception {
        List<Experiment> experiments = TestExperiment.with(
                "sweep={distillation.alpha: [0.2, 0.9]}",
                "seed=5",
                "evaluation.suites=[pixel-2]",
                "evaluation.images=32");
        long earlierTrainings = shared.written(Topic.POOL_REQUESTS);
        long earlierPriors = shared.written(Topic.PRIOR_REQUESTS);
        int earlierKeys = keys(shared, Topic.PRIOR_REQUESTS, "").size();
        // one that waits keeps what it will need
        shared.submit(experiments.get(1), DesiredState.PAUSE);
        shared.run(experiments.subList(0, 1), FIGURES_A_SUITE);
        long trainings = shared.written(Topic.POOL_REQUESTS);
        long priors = shared.written(Topic.PRIOR_REQUESTS);
        assertThat(trainings).isGreaterThan(earlierTrainings);
        // six iterations of ten classes, four images in one request; where a segment is taken again, a few come twice
        assertThat(keys(shared, Topic.PRIOR_REQUESTS, "").size() - earlierKeys).isEqualTo(60);
        shared.run(experiments.subList(1, 2), FIGURES_A_SUITE);
        assertThat(shared.written(Topic.POOL_REQUESTS)).isLessThan(2 * trainings - earlierTrainings);
        assertThat(shared.written(Topic.PRIOR_REQUESTS)).isLessThan(2 * priors - earlierPriors);
        assertThat(shared.images(experiments.get(1))).isNotEqualTo(shared.images(experiments.get(0)));
    }

    /** Under its id and version, by a foreign client. */
    @Test
    void priorsOfAPoolNetworkAreOfTheParametersThatItHas() {
        List<Experiment> experiments = TestExperiment.with(
                "sweep={distillation.alpha: [0.2, 0.9]}",
                "seed=6",
                "evaluation.suites=[pixel-2]",
                "evaluation.images=32");
        shared.submit(experiments.get(1), DesiredState.PAUSE);
        Set<String> others = keys(shared, Topic.NETWORKS, "pool-");
        shared.run(experiments.subList(0, 1), FIGURES_A_SUITE);
        Set<String> before = digestsOfPriors(experiments.get(0));
        Set<String> replaced = new HashSet<>();
        try (NetworkStore networks = new NetworkStore(shared.config());
                RecordSender sender = new RecordSender(shared.config())) {
            networks.awaitCurrent();
            for (String key : keys(shared, Topic.NETWORKS, "pool-")) {
                if (!others.contains(key)) {
                    Network network = networks.find(key).orElseThrow();
                    NamedTensor first = network.getParameters().get(0);
                    float[] values = TensorCodec.decode("parameters", first.getTensor());
                    values[0] += 0.01f;
                    first.setTensor(Tensor.newBuilder(TensorCodec.encode("parameters", values))
                            .setShape(first.getTensor().getShape())
                            .build());
                    replaced.add(Identity.network(network));
                    networks.send(sender, network);
                }
            }
            sender.flush();
        }
        assertThat(before).isNotEmpty().doesNotContainAnyElementsOf(replaced);
        shared.run(experiments.subList(1, 2), FIGURES_A_SUITE);
        assertThat(digestsOfPriors(experiments.get(1))).isNotEmpty().isSubsetOf(replaced);
    }

    private static Set<String> digestsOfPriors(Experiment experiment) {
        Set<String> digests = new HashSet<>();
        try (Decoder decoder = new Decoder(shared.config())) {
            shared.records(Topic.PRIOR_REQUESTS).stream()
                    .filter(request -> request.value() != null)
                    .map(request -> decoder.decode(request, AttackRequest.class))
                    .filter(request -> request.getExperiment().equals(experiment.getId()))
                    .forEach(request -> digests.add(request.getDigest()));
        }
        return digests;
    }
}
