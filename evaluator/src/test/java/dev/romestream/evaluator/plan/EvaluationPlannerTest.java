package dev.romestream.evaluator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.exchange.experiment.Victim;
import dev.romestream.exchange.identity.Identity;
import dev.romestream.messaging.streams.Write;
import dev.romestream.robustness.tensor.Precision;
import dev.romestream.schemas.CraftingPrecision;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationSpec;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FigureProgress;
import dev.romestream.schemas.Mode;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSeen;
import dev.romestream.schemas.NetworkVersion;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.SuiteSpec;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimSpec;
import dev.romestream.schemas.Window;
import dev.romestream.schemas.WindowRange;
import dev.romestream.schemas.WindowSpec;
import dev.romestream.schemas.WorkAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;

class EvaluationPlannerTest {
    private EvaluationState state = EvaluationPlanner.unknown();
    private final Map<String, PlannedEvaluation> known = new TreeMap<>();
    private EvaluationPlanner planner;

    private final Plans plans = new Plans() {
        @Override
        public Optional<PlannedEvaluation> find(String key) {
            return Optional.ofNullable(known.get(key));
        }

        @Override
        public void put(String key, PlannedEvaluation evaluation) {
            known.put(key, evaluation);
        }

        @Override
        public void remove(String key) {
            known.remove(key);
        }

        @Override
        public Map<String, PlannedEvaluation> all() {
            return Map.copyOf(known);
        }
    };

    private static Experiment experiment(int run, DesiredState desired, String... suites) {
        return Experiment.newBuilder()
                .setId("e")
                .setName("e")
                .setRun(run)
                .setDesiredState(desired)
                .setDataset(DatasetSpec.newBuilder().setName("shapes10").build())
                .setDistillation(
                        DistillationSpec.newBuilder().setMethod("random").build())
                .setEvaluation(EvaluationSpec.newBuilder()
                        .setVictims(List.of(VictimSpec.newBuilder().setCount(2).build()))
                        .setImages(100)
                        .setSuites(java.util.Arrays.stream(suites)
                                .map(name ->
                                        SuiteSpec.newBuilder().setName(name).build())
                                .toList())
                        .build())
                .build();
    }

    private static SnapshotTaken snapshot(int number, boolean last) {
        return new SnapshotTaken(
                number,
                SnapshotManifest.newBuilder()
                        .setMethod("random")
                        .setIteration(0)
                        .setFinal$(last)
                        .setDataset("shapes10")
                        .setFingerprint("f")
                        .setClasses(10)
                        .setImagesPerClass(1)
                        .setMultiFormation(false)
                        .setMean(List.of(0.5))
                        .setStd(List.of(0.2))
                        .build());
    }

    private static DatasetDescriptor dataset(int side) {
        return DatasetDescriptor.newBuilder()
                .setId("shapes10")
                .setName("shapes10")
                .setFingerprint("f")
                .setClasses(List.of("a", "b"))
                .setShape(List.of(3, side, side))
                .setMean(List.of())
                .setStd(List.of())
                .setTrainImages(1)
                .setTrainBatches(1)
                .setTestImages(1000)
                .setTestBatches(1)
                .build();
    }

    private Precision fastest = Precision.FLOAT32;

    private List<SpecificRecord> after(Consumer<EvaluationPlanner> fact) {
        planner = new EvaluationPlanner(state, plans, fastest);
        fact.accept(planner);
        planner.plan();
        state = planner.state();
        List<SpecificRecord> records = new ArrayList<>();
        planner.work().forEach(work -> records.add(work.record()));
        return records;
    }

    private static <T> List<T> only(List<SpecificRecord> records, Class<T> type) {
        return records.stream().filter(type::isInstance).map(type::cast).toList();
    }

    private List<SpecificRecord> done(VictimRequest request) {
        return done(request, "weights of " + Victim.answerId(request), "");
    }

    private List<SpecificRecord> done(VictimRequest request, String digest, String revision) {
        return after(planner -> planner.answer(answer(request)
                .setOutcome(Outcome.DONE)
                .setDigest(digest)
                .setRevision(revision)
                .build()));
    }

    private static WorkAnswer.Builder answer(VictimRequest request) {
        return WorkAnswer.newBuilder().setId(Victim.answerId(request)).setExperiment("e");
    }

    private void complete(Evaluation evaluation) {
        for (Mode mode : Mode.values()) {
            after(planner -> planner.figure(progress(evaluation, mode, true, null)));
        }
    }

    private static FigureProgress progress(Evaluation evaluation, Mode mode, boolean complete, String failure) {
        return new FigureProgress(evaluation.getKey(), evaluation.getPlan(), mode, 100L, complete, failure, null);
    }

    /** In whatever order the topics are read. */
    @Test
    void aSnapshotThatIsReadBeforeItsExperimentIsNotForgotten() {
        assertThat(after(planner -> planner.snapshot(snapshot(0, true)))).isEmpty();
        assertThat(after(planner -> planner.dataset(dataset(32)))).isEmpty();
        assertThat(only(
                        after(planner -> planner.experiment(experiment(0, DesiredState.RUN, "quick"))),
                        VictimRequest.class))
                .hasSize(2);
    }

    /** Ordered by class, as a folder is: 900 images of one class and 100 of the other. */
    private Evaluation evaluation(Integer images) {
        Experiment experiment = experiment(0, DesiredState.RUN, "quick");
        experiment.getEvaluation().setImages(images);
        DatasetDescriptor descriptor = dataset(32);
        descriptor.setTestLabels(
                IntStream.range(0, 1000).map(i -> i / 900).boxed().toList());
        after(planner -> planner.experiment(experiment));
        after(planner -> planner.dataset(descriptor));
        List<VictimRequest> victims = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class);
        return only(done(victims.get(0)), Evaluation.class).get(0);
    }

    @Test
    void someImagesAreAShareOfEveryClassInEveryRequest() {
        Evaluation evaluation = evaluation(50);
        assertThat(evaluation.getImages()).isEqualTo(50);
        assertThat(evaluation.getClassCounts()).containsExactly(45, 5);
        assertThat(evaluation.getImageIds()).hasSize(50).doesNotHaveDuplicates();
        int[] first = EvaluationPlan.images(evaluation, new EvaluationPlan.Slot(0, 0));
        assertThat(IntStream.of(first)).anyMatch(id -> id >= 900);
        assertThat(EvaluationPlan.images(evaluation)).startsWith(first);
    }

    /** The evaluator that made the plan may be followed by one on another kind of machine. */
    @Test
    void aPrecisionThatIsLeftOpenIsDecidedOnce() {
        fastest = Precision.BFLOAT16;
        Experiment experiment = experiment(0, DesiredState.RUN, "quick");
        experiment.getEvaluation().getSuites().get(0).setPrecision(CraftingPrecision.AUTO);
        after(planner -> planner.experiment(experiment));
        after(planner -> planner.dataset(dataset(32)));
        List<VictimRequest> victims = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class);
        Evaluation first = only(done(victims.get(0)), Evaluation.class).get(0);
        assertThat(first.getAttacks())
                .extracting(attack -> attack.getAttack().getAttack() + " " + attack.getPrecision())
                .containsExactly("none FLOAT32", "clamp FLOAT32", "fgsm BFLOAT16", "fgsm BFLOAT16");
        assertThat(EvaluationPlan.request(first, new EvaluationPlan.Slot(2, 0), 0, 0)
                        .getPrecision())
                .hasToString("BFLOAT16");

        fastest = Precision.FLOAT32;
        state.setPrecision(null);
        assertThat(PlannedEvaluations.of(state, false))
                .as("of a state that an earlier version has left")
                .isNotEmpty();
        state.setPrecision(first.getAttacks().get(2).getPrecision());
        Evaluation second = only(done(victims.get(1)), Evaluation.class).get(0);
        assertThat(second.getAttacks()).isEqualTo(first.getAttacks());
    }

    @Test
    void theWholeTestSplitKeepsItsOrder() {
        Evaluation evaluation = evaluation(null);
        assertThat(evaluation.getImageIds()).isEmpty();
        assertThat(evaluation.getClassCounts()).containsExactly(900, 100);
        assertThat(EvaluationPlan.images(evaluation))
                .isEqualTo(IntStream.range(0, 1000).toArray());
    }

    @Test
    void theEvaluationsOfAnExperimentThatIsRemovedAreRemoved() {
        after(planner -> planner.experiment(experiment(0, DesiredState.RUN, "quick", "pixel-2")));
        after(planner -> planner.dataset(dataset(32)));
        List<VictimRequest> victims = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class);
        List<Evaluation> evaluations = only(done(victims.get(0)), Evaluation.class);
        complete(evaluations.get(0));
        planner = new EvaluationPlanner(state, plans, fastest);
        planner.removed();
        assertThat(planner.work())
                .allMatch(work -> work.topic() == Topic.EVALUATIONS && work.record() == null)
                .extracting(Write::key)
                .containsExactlyInAnyOrder(
                        evaluations.get(0).getKey(), evaluations.get(1).getKey());
    }

    @Test
    void anExperimentIsCompleteWhenEveryFigureOfItsLastSnapshotIs() {
        after(planner -> planner.experiment(experiment(0, DesiredState.RUN, "quick", "pixel-2")));
        after(planner -> planner.dataset(dataset(32)));
        List<VictimRequest> victims = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class);
        List<Evaluation> evaluations = new ArrayList<>(only(done(victims.get(0)), Evaluation.class));
        assertThat(evaluations).extracting(Evaluation::getSuite).containsExactly("quick", "pixel-2");
        assertThat(done(victims.get(0))).isEmpty();
        evaluations.addAll(only(done(victims.get(1)), Evaluation.class));
        assertThat(evaluations).hasSize(4);
        for (Evaluation evaluation : evaluations) {
            assertThat(planner.progress().isComplete()).isFalse();
            complete(evaluation);
        }
        assertThat(planner.progress().isComplete()).isTrue();
        assertThat(planner.progress().outcomes()).isEqualTo(planner.progress().totalOutcomes());
    }

    @Test
    void suitesThatTransferWaitForAllVictims() {
        after(planner -> planner.experiment(experiment(0, DesiredState.RUN, "transfer")));
        after(planner -> planner.dataset(dataset(32)));
        List<VictimRequest> victims = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class);
        assertThat(done(victims.get(0))).isEmpty();
        assertThat(only(done(victims.get(1)), Evaluation.class)).hasSize(2);
    }

    @Test
    void whatAnExperimentThatStopsHasOpenStopsAndGoesOnWithItsNextRun() {
        after(planner -> planner.experiment(experiment(0, DesiredState.RUN, "quick")));
        after(planner -> planner.dataset(dataset(32)));
        List<VictimRequest> victims = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class);
        List<Evaluation> first = only(done(victims.get(0)), Evaluation.class);
        complete(first.get(0));
        Evaluation open = only(done(victims.get(1)), Evaluation.class).get(0);
        assertThat(only(
                        after(planner -> planner.experiment(experiment(0, DesiredState.STOP, "quick"))),
                        Evaluation.class))
                .singleElement()
                .satisfies(stopped -> {
                    assertThat(stopped.getKey()).isEqualTo(open.getKey());
                    assertThat(stopped.getActive()).isFalse();
                });
        assertThat(only(
                        after(planner -> planner.experiment(experiment(1, DesiredState.RUN, "quick"))),
                        Evaluation.class))
                .singleElement()
                .satisfies(again -> {
                    assertThat(again.getActive()).isTrue();
                    assertThat(again.getRun()).isEqualTo(1);
                });
    }

    @Test
    void aSnapshotDuringStopIsEvaluatedInTheNextRun() {
        after(planner -> planner.experiment(experiment(0, DesiredState.STOP, "quick")));
        after(planner -> planner.dataset(dataset(32)));
        assertThat(after(planner -> planner.snapshot(snapshot(0, true)))).isEmpty();
        assertThat(only(
                        after(planner -> planner.experiment(experiment(1, DesiredState.RUN, "quick"))),
                        VictimRequest.class))
                .hasSize(2);
    }

    @Test
    void aVictimThatCannotBeTrainedFailsOneRun() {
        after(planner -> planner.experiment(experiment(0, DesiredState.RUN, "quick")));
        after(planner -> planner.dataset(dataset(32)));
        VictimRequest victim = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class)
                .get(0);
        after(planner -> planner.answer(
                answer(victim).setOutcome(Outcome.FAILED).setError("no memory").build()));
        assertThat(state.getFailure()).isEqualTo("no memory");
        assertThat(only(
                        after(planner -> planner.experiment(experiment(1, DesiredState.RUN, "quick"))),
                        VictimRequest.class))
                .hasSize(1);
    }

    /** 256 images of 128 x 128 would take 50 MB. */
    @Test
    void requestsAreCutSoThatAnswersFitIntoARecord() {
        Experiment experiment = experiment(0, DesiredState.RUN, "quick");
        experiment.getEvaluation().setRequestSize(256);
        after(planner -> planner.experiment(experiment));
        after(planner -> planner.dataset(dataset(128)));
        List<VictimRequest> victims = only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class);
        Evaluation evaluation = only(done(victims.get(0)), Evaluation.class).get(0);
        assertThat(evaluation.getRequestSize()).isEqualTo(4 * 1024 * 1024 / (3 * 128 * 128 * 4));
    }

    private List<Evaluation> running(String... suites) {
        after(planner -> planner.experiment(experiment(0, DesiredState.RUN, suites)));
        after(planner -> planner.dataset(dataset(32)));
        List<Evaluation> evaluations = new ArrayList<>();
        for (VictimRequest victim : only(after(planner -> planner.snapshot(snapshot(0, true))), VictimRequest.class)) {
            evaluations.addAll(only(done(victim), Evaluation.class));
        }
        return evaluations;
    }

    private List<String> replaced() {
        return planner.work().stream()
                .filter(work -> work.topic() == Topic.EVALUATIONS && work.record() == null && work.replaced())
                .map(Write::key)
                .toList();
    }

    @Test
    void anEvaluationIsOfTheWeightsThatWereLookedAt() {
        Evaluation evaluation = running("quick").get(0);
        assertThat(evaluation.getDigest()).startsWith("weights of ");
        assertThat(evaluation.getPlan()).isNotEmpty();
        Evaluation other = Evaluation.newBuilder(evaluation).setDigest("others").build();
        assertThat(Identity.plan(other)).isNotEqualTo(evaluation.getPlan());
        Evaluation again =
                Evaluation.newBuilder(evaluation).setRun(7).setActive(false).build();
        assertThat(Identity.plan(again)).isEqualTo(evaluation.getPlan());
    }

    /** A suite fewer, another seed, fewer victims: in the middle of a run, by whoever may write experiments. */
    @Test
    void whatAChangedExperimentDoesNotHaveIsReplacedAndWhatItHasStays() {
        List<Evaluation> evaluations = running("quick", "pixel-2");
        List<SpecificRecord> written = after(planner -> planner.experiment(experiment(0, DesiredState.RUN, "quick")));
        assertThat(replaced())
                .containsExactlyInAnyOrderElementsOf(evaluations.stream()
                        .filter(evaluation -> evaluation.getSuite().equals("pixel-2"))
                        .map(Evaluation::getKey)
                        .toList());
        assertThat(only(written, VictimRequest.class))
                .as("the victims are the same")
                .isEmpty();
        assertThat(only(written, Evaluation.class))
                .as("their figures name the experiment's specification")
                .hasSize(2);
    }

    @Test
    void anotherSeedBeginsAnewWithNothingOfTheOldOne() {
        List<Evaluation> evaluations = running("quick");
        Experiment other = experiment(0, DesiredState.RUN, "quick");
        other.setSeed(99);
        assertThat(after(planner -> planner.experiment(other)).stream().filter(record -> record != null))
                .as("no snapshot of the other seed is there yet")
                .hasSize(2)
                .allMatch(VictimRequest.class::isInstance);
        assertThat(replaced())
                .containsExactlyInAnyOrderElementsOf(
                        evaluations.stream().map(Evaluation::getKey).toList());
    }

    @Test
    void aSnapshotOfTheDistillationThatWasIsNotEvaluated() {
        Experiment experiment = experiment(0, DesiredState.RUN, "quick");
        after(planner -> planner.experiment(experiment));
        after(planner -> planner.dataset(dataset(32)));
        SnapshotTaken late = snapshot(0, true);
        late.getManifest().setSpecification("of another distillation");
        assertThat(after(planner -> planner.snapshot(late))).isEmpty();
        SnapshotTaken own = snapshot(0, true);
        own.getManifest().setSpecification(Identity.distillation(experiment));
        assertThat(only(after(planner -> planner.snapshot(own)), VictimRequest.class))
                .hasSize(2);
        assertThat(after(planner -> planner.snapshot(late))).isEmpty();
        assertThat(state.getSnapshots().get(0).getManifest()).isEqualTo(own.getManifest());
    }

    @Test
    void lateFiguresOfAnotherPlanDoNotCount() {
        Evaluation evaluation = running("quick").get(0);
        Evaluation other = Evaluation.newBuilder(evaluation).setPlan("another").build();
        complete(other);
        assertThat(planner.progress().outcomes()).isZero();
        complete(evaluation);
        assertThat(planner.progress().outcomes()).isPositive();
    }

    @Test
    void aFailedAttackFailsItsEvaluationAndAllOthersGoOn() {
        List<Evaluation> evaluations = running("quick");
        for (Mode mode : Mode.values()) {
            after(planner -> planner.figure(progress(evaluations.get(0), mode, true, "fgsm: out of memory")));
        }
        assertThat(planner.isActive()).isTrue();
        assertThat(planner.progress().isComplete()).isFalse();
        complete(evaluations.get(1));
        assertThat(planner.progress().isComplete()).isTrue();
        assertThat(planner.progress().failure().orElseThrow())
                .contains("fgsm: out of memory")
                .contains(evaluations.get(0).getKey());
        assertThat(only(
                        after(planner -> planner.experiment(experiment(1, DesiredState.RUN, "quick"))),
                        Evaluation.class))
                .as("what failed may succeed in the next run")
                .extracting(Evaluation::getKey)
                .containsExactly(evaluations.get(0).getKey());
        assertThat(planner.progress().isComplete()).isFalse();
    }

    private static Experiment monitoring() {
        Experiment experiment = experiment(0, DesiredState.RUN, "quick");
        experiment.setDistillation(null);
        return experiment;
    }

    private static NetworkSeen seen(String revision) {
        return new NetworkSeen(
                new NetworkVersion("e/net", 3, ""), NetworkRole.MONITORED, "convnet", List.of(), revision, 10);
    }

    @Test
    void aNetworkThatIsPublishedAgainIsLookedAtAgainBeforeAnythingElseIsMeasured() {
        after(planner -> planner.experiment(monitoring()));
        after(planner -> planner.dataset(dataset(32)));
        VictimRequest check = only(after(planner -> planner.network(seen("r1"))), VictimRequest.class)
                .get(0);
        Evaluation before =
                only(done(check, "old weights", "r1"), Evaluation.class).get(0);
        List<SpecificRecord> again = after(planner -> planner.network(seen("r2")));
        assertThat(only(again, Evaluation.class))
                .singleElement()
                .satisfies(withdrawn -> assertThat(withdrawn.getActive()).isFalse());
        VictimRequest second = only(again, VictimRequest.class).get(0);
        assertThat(Victim.answerId(second)).isNotEqualTo(Victim.answerId(check));
        Evaluation after =
                only(done(second, "new weights", "r2"), Evaluation.class).get(0);
        assertThat(after.getKey()).isEqualTo(before.getKey());
        assertThat(after.getDigest()).isEqualTo("new weights");
        assertThat(after.getPlan()).isNotEqualTo(before.getPlan());
        assertThat(after.getActive()).isTrue();
    }

    @Test
    void aFailedAttackOnAMonitoredNetworkEndsItsEvaluationAndIsTold() {
        after(planner -> planner.experiment(monitoring()));
        after(planner -> planner.dataset(dataset(32)));
        VictimRequest check = only(after(planner -> planner.network(seen("r1"))), VictimRequest.class)
                .get(0);
        Evaluation evaluation =
                only(done(check, "weights", "r1"), Evaluation.class).get(0);
        assertThat(planner.isWaiting()).isTrue();
        for (Mode mode : Mode.values()) {
            after(planner -> planner.figure(progress(evaluation, mode, true, "fgsm: out of memory")));
        }
        assertThat(planner.isWaiting()).as("nothing more will come").isFalse();
        assertThat(planner.isActive()).as("the experiment goes on").isTrue();
        assertThat(planner.progress().failure().orElseThrow())
                .contains("fgsm: out of memory")
                .contains(evaluation.getKey());
    }

    @Test
    void theSameBytesPublishedAgainGoOnAsTheyWere() {
        after(planner -> planner.experiment(monitoring()));
        after(planner -> planner.dataset(dataset(32)));
        VictimRequest check = only(after(planner -> planner.network(seen("r1"))), VictimRequest.class)
                .get(0);
        Evaluation before = only(done(check, "weights", "r1"), Evaluation.class).get(0);
        VictimRequest second = only(after(planner -> planner.network(seen("r2"))), VictimRequest.class)
                .get(0);
        assertThat(only(done(second, "weights", "r2"), Evaluation.class))
                .singleElement()
                .isEqualTo(before);
    }

    @Test
    void whatWasSeenOfARecordThatIsReplacedIsOfNoUse() {
        after(planner -> planner.experiment(monitoring()));
        after(planner -> planner.dataset(dataset(32)));
        VictimRequest check = only(after(planner -> planner.network(seen("r1"))), VictimRequest.class)
                .get(0);
        assertThat(only(after(planner -> planner.network(seen("r2"))), VictimRequest.class))
                .hasSize(1);
        assertThat(done(check, "old weights", "r1")).isEmpty();
        assertThat(after(planner -> planner.answer(answer(check)
                        .setOutcome(Outcome.FAILED)
                        .setError("not one")
                        .build())))
                .isEmpty();
        assertThat(planner.progress().refusal()).isEmpty();
    }

    @Test
    void aPausedExperimentIsNotAttacked() {
        running("quick");
        assertThat(only(
                        after(planner -> planner.experiment(experiment(0, DesiredState.PAUSE, "quick"))),
                        Evaluation.class))
                .hasSize(2)
                .noneMatch(Evaluation::getActive);
    }

    private static Experiment streaming(String suite) {
        Experiment experiment = monitoring();
        experiment
                .getEvaluation()
                .setSuites(List.of(SuiteSpec.newBuilder().setName(suite).build()));
        experiment.setDataset(DatasetSpec.newBuilder()
                .setName("topic")
                .setPath("photos")
                .setWindow(WindowSpec.newBuilder().setImages(1000).setHistory(3).build())
                .build());
        return experiment;
    }

    private static DatasetDescriptor window(int number) {
        DatasetDescriptor window = dataset(32);
        window.setId("photos-1@" + number);
        window.setFingerprint("f" + number);
        window.setWindow(WindowRange.newBuilder()
                .setStream("photos-1")
                .setNumber(number)
                .setTopic("photos")
                .setTopicId("t")
                .setPartitions(List.of())
                .setFirstTime(number * 10L)
                .setLastTime(number * 10L + 9)
                .build());
        return window;
    }

    private List<Evaluation> arrived(int number) {
        return only(after(planner -> planner.dataset(window(number))), Evaluation.class);
    }

    /** The evaluation is complete, and the next window's turn has come where there is one. */
    private List<Evaluation> scored(Evaluation evaluation) {
        List<Evaluation> next = new ArrayList<>();
        for (Mode mode : Mode.values()) {
            next.addAll(only(
                    after(planner -> {
                        planner.figure(progress(evaluation, mode, true, null));
                        planner.isTurned();
                    }),
                    Evaluation.class));
        }
        return next;
    }

    /** One network on a stream whose window 1 is there. */
    private Evaluation monitoredStream() {
        after(planner -> planner.experiment(streaming("quick")));
        after(planner -> planner.dataset(window(1)));
        VictimRequest check = only(after(planner -> planner.network(seen("r1"))), VictimRequest.class)
                .get(0);
        return only(done(check, "w", "r1"), Evaluation.class).get(0);
    }

    @Test
    void everyWindowIsScoredUnderAKeyOfItsOwn() {
        Evaluation first = monitoredStream();
        assertThat(first.getKey()).isEqualTo("e/3@1/e/net/quick");
        assertThat(first.getWindow()).isEqualTo(new Window("photos-1", 1, 10L, 19L, List.of()));
        assertThat(first.getDataset()).isEqualTo("photos-1@1");
        assertThat(scored(first)).isEmpty();
        Evaluation second = arrived(2).get(0);
        assertThat(second.getKey()).isEqualTo("e/3@2/e/net/quick");
        assertThat(second.getPlan()).isNotEqualTo(first.getPlan());
        assertThat(replaced()).as("what was measured stays").isEmpty();
        assertThat(arrived(2)).as("told twice").isEmpty();
        assertThat(arrived(1)).as("an earlier one").isEmpty();
    }

    @Test
    void windowsThatComeWhileOneIsScoredAreSkippedButForTheNewest() {
        Evaluation first = monitoredStream();
        assertThat(arrived(2)).isEmpty();
        assertThat(arrived(3)).isEmpty();
        assertThat(arrived(4)).isEmpty();
        assertThat(scored(first)).singleElement().satisfies(next -> assertThat(next.getDataset())
                .isEqualTo("photos-1@4"));
        assertThat(state.getSkipped()).isEqualTo(2);
    }

    @Test
    void aWindowThatIsRetiredWhileItIsScoredIsGivenUp() {
        Evaluation first = monitoredStream();
        arrived(2);
        List<SpecificRecord> work = after(planner -> planner.retired("photos-1@1"));
        assertThat(replaced()).containsExactly(first.getKey());
        Evaluation second = only(work, Evaluation.class).get(0);
        assertThat(second.getDataset()).isEqualTo("photos-1@2");
        scored(second);
        after(planner -> planner.retired("photos-1@2"));
        assertThat(replaced()).as("what is complete stays").isEmpty();
        assertThat(only(
                        after(planner -> planner.experiment(Experiment.newBuilder(streaming("quick"))
                                .setRun(1)
                                .build())),
                        Evaluation.class))
                .as("nobody has its images")
                .isEmpty();
    }

    @Test
    void metricsOfOldWindowsGo() {
        Evaluation evaluation = monitoredStream();
        List<String> gone = new ArrayList<>();
        for (int number = 2; number < 7; number++) {
            scored(evaluation);
            evaluation = arrived(number).get(0);
            gone.addAll(replaced());
        }
        assertThat(gone)
                .as("three windows are the history, this one among them")
                .containsExactly("e/3@1/e/net/quick", "e/3@2/e/net/quick", "e/3@3/e/net/quick");
        assertThat(known).hasSize(3);
    }

    /** A new version and a new window are told apart by what was measured on the same images. */
    @Test
    void aNewVersionIsScoredOnThePresentWindowAndAloneOnTheNext() {
        Evaluation first = monitoredStream();
        NetworkSeen newer = seen("r2");
        newer.getNetwork().setVersion(4);
        VictimRequest check = only(after(planner -> planner.network(newer)), VictimRequest.class)
                .get(0);
        Evaluation second = only(done(check, "w2", "r2"), Evaluation.class).get(0);
        assertThat(second.getKey()).isEqualTo("e/4@1/e/net/quick");
        assertThat(replaced()).as("what has begun is brought to its end").isEmpty();
        scored(first);
        scored(second);
        assertThat(arrived(2)).extracting(Evaluation::getKey).containsExactly("e/4@2/e/net/quick");
    }

    @Test
    void anotherExperimentUnderTheIdHasNothingOfTheOldWindows() {
        Evaluation first = monitoredStream();
        scored(first);
        Evaluation second = arrived(2).get(0);
        scored(second);
        List<SpecificRecord> work = after(planner -> planner.experiment(streaming("pixel-2")));
        assertThat(replaced()).containsExactlyInAnyOrder(first.getKey(), second.getKey());
        assertThat(only(work, Evaluation.class)).extracting(Evaluation::getKey).containsExactly("e/3@2/e/net/pixel-2");
    }

    private static SnapshotTaken ofWindow(int number) {
        SnapshotTaken taken = snapshot(number, true);
        taken.getManifest().setDataset("photos-1@" + number);
        taken.getManifest().setFingerprint("f" + number);
        return taken;
    }

    private List<Evaluation> trained(List<SpecificRecord> requests) {
        List<Evaluation> evaluations = new ArrayList<>();
        only(requests, VictimRequest.class).forEach(victim -> evaluations.addAll(only(done(victim), Evaluation.class)));
        return evaluations;
    }

    /** Victims of a set are scored on its own window's test images, and on the next window's. */
    @Test
    void aSetOfAStreamIsScoredOnItsWindowAndTheNext() {
        Experiment experiment = experiment(0, DesiredState.RUN, "quick");
        experiment.setDataset(streaming("quick").getDataset());
        after(planner -> planner.experiment(experiment));
        after(planner -> planner.dataset(window(1)));
        List<Evaluation> first = trained(after(planner -> planner.snapshot(ofWindow(1))));
        assertThat(first)
                .extracting(Evaluation::getKey)
                .containsExactly("e/1@1/e/1/victim-0/quick", "e/1@1/e/1/victim-1/quick");
        first.forEach(this::scored);
        assertThat(planner.progress().isComplete()).as("a stream never is").isFalse();

        List<Evaluation> next = arrived(2);
        assertThat(next)
                .extracting(Evaluation::getKey)
                .containsExactly("e/1@2/e/1/victim-0/quick", "e/1@2/e/1/victim-1/quick");
        assertThat(next).extracting(Evaluation::getDataset).containsOnly("photos-1@2");
        next.forEach(this::scored);
        assertThat(trained(after(planner -> planner.snapshot(ofWindow(2)))))
                .extracting(Evaluation::getKey)
                .containsExactly("e/2@2/e/2/victim-0/quick", "e/2@2/e/2/victim-1/quick");
        assertThat(arrived(3))
                .as("of the set before the last one, nothing")
                .extracting(Evaluation::getSnapshot)
                .containsOnly(2);

        after(planner -> planner.retired("photos-1@1"));
        assertThat(replaced()).as("what is complete stays").isEmpty();
        after(planner -> planner.retired("photos-1@2"));
        assertThat(replaced()).as("what is not complete goes").hasSize(2);
    }

    @Test
    void aDistillationWithoutTrainingImagesIsRefused() {
        Experiment experiment = experiment(0, DesiredState.RUN, "quick");
        experiment.setDataset(streaming("quick").getDataset());
        experiment.getDataset().getWindow().setTest(1.0);
        after(planner -> planner.experiment(experiment));
        assertThat(state.getFailure()).contains("dataset.window.test");
    }
}
