package dev.romestream.evaluator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.exchange.experiment.VictimPlan;
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
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.SnapshotManifest;
import dev.romestream.schemas.SnapshotTaken;
import dev.romestream.schemas.SuiteSpec;
import dev.romestream.schemas.Topic;
import dev.romestream.schemas.VictimRequest;
import dev.romestream.schemas.VictimSpec;
import dev.romestream.schemas.WorkAnswer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;

class EvaluationPlannerTest {
    private EvaluationState state = EvaluationPlanner.unknown();
    private EvaluationPlanner planner;

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

    private List<SpecificRecord> after(Consumer<EvaluationPlanner> fact) {
        planner = new EvaluationPlanner(state);
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
        return after(planner ->
                planner.answer(new WorkAnswer(VictimPlan.answerId(request), "e", Outcome.DONE, 0, null, List.of())));
    }

    private void complete(Evaluation evaluation) {
        for (Mode mode : Mode.values()) {
            after(planner -> planner.figure(new FigureProgress(evaluation.getKey(), mode, 100L, true, null, null)));
        }
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
        planner = new EvaluationPlanner(state);
        planner.removed();
        assertThat(planner.work())
                .allMatch(work -> work.topic() == Topic.EVALUATIONS && work.record() == null)
                .extracting(EvaluationPlanner.Work::key)
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
            assertThat(planner.isComplete()).isFalse();
            complete(evaluation);
        }
        assertThat(planner.isComplete()).isTrue();
        assertThat(planner.outcomes()).isEqualTo(planner.totalOutcomes());
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
                new WorkAnswer(VictimPlan.answerId(victim), "e", Outcome.FAILED, 0, "no memory", List.of())));
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
}
