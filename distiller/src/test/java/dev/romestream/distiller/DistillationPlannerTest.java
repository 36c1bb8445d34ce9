package dev.romestream.distiller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.schemas.AlertAction;
import dev.romestream.schemas.Checkpoint;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.DistillationRequest;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.DistillationStage;
import dev.romestream.schemas.DistillationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.StartedBy;
import dev.romestream.schemas.WindowSpec;
import dev.romestream.schemas.WorkAnswer;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DistillationPlannerTest {
    private Optional<DistillationState> state = Optional.empty();
    private boolean hasImages = true;

    private static Experiment experiment(int run, DesiredState desired) {
        return Experiment.newBuilder()
                .setId("e")
                .setName("e")
                .setRun(run)
                .setDesiredState(desired)
                .setDataset(DatasetSpec.newBuilder().setName("shapes10").build())
                .setDistillation(DistillationSpec.newBuilder()
                        .setMethod("rome")
                        .setIterations(100)
                        .build())
                .build();
    }

    private DistillationPlanner.Step step(DistillationState changed) {
        DistillationPlanner.Step step = DistillationPlanner.plan(changed, hasImages);
        state = Optional.of(step.state());
        return step;
    }

    private DistillationPlanner.Step write(int run, DesiredState desired) {
        return step(DistillationPlanner.changed(state, experiment(run, desired)));
    }

    private DistillationPlanner.Step answer(DistillationRequest request, Outcome outcome, int iteration, String error) {
        return step(DistillationPlanner.answered(
                state.orElseThrow(),
                WorkAnswer.newBuilder()
                        .setId(request.getId())
                        .setExperiment("e")
                        .setOutcome(outcome)
                        .setIteration(iteration)
                        .setError(error)
                        .build()));
    }

    private static Phase told(DistillationPlanner.Step step) {
        return step.notice().orElseThrow().phase();
    }

    @Test
    void segmentsFollowOneAnotherToTheEnd() {
        DistillationRequest first = write(0, DesiredState.RUN).request().orElseThrow();
        assertThat(first.getFrom()).isZero();
        DistillationRequest second =
                answer(first, Outcome.DONE, 50, null).request().orElseThrow();
        assertThat(second.getFrom()).isEqualTo(50);
        assertThat(second.getId()).isNotEqualTo(first.getId());
        DistillationPlanner.Step end = answer(second, Outcome.DONE, 100, null);
        assertThat(end.request()).isEmpty();
        assertThat(told(end)).isEqualTo(Phase.COMPLETED);
    }

    @Test
    void anAnswerThatComesTwiceOrLateChangesNothing() {
        DistillationRequest first = write(0, DesiredState.RUN).request().orElseThrow();
        answer(first, Outcome.DONE, 50, null);
        DistillationPlanner.Step again = answer(first, Outcome.FAILED, 0, "late");
        assertThat(again.request()).isEmpty();
        assertThat(again.notice()).isEmpty();
        assertThat(again.state().getIteration()).isEqualTo(50);
    }

    @Test
    void theSameRecordAgainAsksForNothingMore() {
        write(0, DesiredState.RUN);
        assertThat(write(0, DesiredState.RUN).request()).isEmpty();
    }

    @Test
    void nothingIsAskedForBeforeTheImagesAreThere() {
        hasImages = false;
        DistillationPlanner.Step waiting = write(0, DesiredState.RUN);
        assertThat(waiting.request()).isEmpty();
        assertThat(told(waiting)).isEqualTo(Phase.WAITING);
        hasImages = true;
        assertThat(step(state.orElseThrow()).request()).isPresent();
    }

    @Test
    void aPausedExperimentGoesOnWhereItsWorkerLeftOff() {
        DistillationRequest request = write(0, DesiredState.RUN).request().orElseThrow();
        assertThat(told(write(0, DesiredState.PAUSE))).isEqualTo(Phase.PAUSED);
        DistillationPlanner.Step interrupted = answer(request, Outcome.INTERRUPTED, 37, null);
        assertThat(interrupted.request()).isEmpty();
        assertThat(told(interrupted)).as("told after the worker's last word").isEqualTo(Phase.PAUSED);
        assertThat(write(0, DesiredState.RUN).request().orElseThrow().getFrom()).isEqualTo(37);
    }

    /** Its worker has not noticed yet that it was to stop, when it is to run again. */
    @Test
    void stopAndRunInQuickSuccessLeaveNoExperimentBehind() {
        DistillationRequest request = write(0, DesiredState.RUN).request().orElseThrow();
        write(0, DesiredState.STOP);
        assertThat(write(1, DesiredState.RUN).request()).isEmpty();
        assertThat(answer(request, Outcome.INTERRUPTED, 12, null)
                        .request()
                        .orElseThrow()
                        .getExperiment()
                        .getRun())
                .isEqualTo(1);
    }

    @Test
    void aFailureIsForOneRun() {
        DistillationRequest request = write(0, DesiredState.RUN).request().orElseThrow();
        DistillationPlanner.Step failed = answer(request, Outcome.FAILED, 0, "no such pool");
        assertThat(told(failed)).isEqualTo(Phase.FAILED);
        assertThat(failed.notice().orElseThrow().error()).contains("no such pool");
        assertThat(write(0, DesiredState.RUN).request()).isEmpty();
        assertThat(write(1, DesiredState.RUN).request()).isPresent();
    }

    @Test
    void aCompletedExperimentThatIsStartedAgainIsCompleteAtOnce() {
        DistillationRequest request = write(0, DesiredState.RUN).request().orElseThrow();
        answer(request, Outcome.DONE, 100, null);
        DistillationPlanner.Step again = write(1, DesiredState.RUN);
        assertThat(again.request()).isEmpty();
        assertThat(told(again)).isEqualTo(Phase.COMPLETED);
    }

    @Test
    void anotherSpecificationUnderTheSameIdBeginsAnew() {
        DistillationRequest request = write(0, DesiredState.RUN).request().orElseThrow();
        answer(request, Outcome.DONE, 100, null);
        Experiment other = experiment(1, DesiredState.RUN);
        other.setSeed(9);
        DistillationPlanner.Step step = step(DistillationPlanner.changed(state, other));
        assertThat(step.request().orElseThrow().getFrom()).isZero();
    }

    private static WorkAnswer reached(DistillationRequest request, int iteration) {
        return WorkAnswer.newBuilder()
                .setId(request.getId())
                .setExperiment("e")
                .setOutcome(Outcome.DONE)
                .setIteration(iteration)
                .setCheckpoint(Checkpoint.newBuilder()
                        .setExperiment("e")
                        .setSpecification("s")
                        .setIteration(iteration)
                        .setImages(List.of())
                        .setMomentum(List.of())
                        .build())
                .build();
    }

    @Test
    void aCheckpointNeverGoesBack() {
        DistillationRequest first = write(0, DesiredState.RUN).request().orElseThrow();
        assertThat(DistillationPlanner.checkpoint(state.orElseThrow(), reached(first, 25)))
                .hasValueSatisfying(head -> assertThat(head.getIteration()).isEqualTo(25));
        DistillationRequest second =
                answer(first, Outcome.DONE, 25, null).request().orElseThrow();
        answer(second, Outcome.DONE, 50, null);
        assertThat(DistillationPlanner.checkpoint(state.orElseThrow(), reached(first, 25)))
                .isEmpty();
    }

    private static Experiment onAStream(boolean fresh) {
        Experiment experiment = experiment(0, DesiredState.RUN);
        experiment.setDataset(DatasetSpec.newBuilder()
                .setName("topic")
                .setPath("photos")
                .setWindow(WindowSpec.newBuilder().setImages(100).build())
                .build());
        experiment.getDistillation().setFresh(fresh);
        return experiment;
    }

    /** With these windows on the topics. */
    private DistillationPlanner.Step staged(DistillationState changed, int... numbers) {
        NavigableMap<Integer, DistillationStage> windows = new TreeMap<>();
        IntStream.of(numbers)
                .forEach(number -> windows.put(
                        number,
                        new DistillationStage(number, "photos-1@" + number, "f" + number, null, "", "", List.of())));
        DistillationState staged = DistillationPlanner.staged(changed, windows);
        hasImages = staged.getStage() != null;
        return step(staged);
    }

    private DistillationPlanner.Step distilled(DistillationRequest request, int... windows) {
        return staged(
                DistillationPlanner.answered(
                        state.orElseThrow(),
                        WorkAnswer.newBuilder()
                                .setId(request.getId())
                                .setExperiment("e")
                                .setOutcome(Outcome.DONE)
                                .setIteration(100)
                                .setDigest("set of " + request.getStage().getWindow())
                                .setCarried(List.of("pool/" + request.getStage().getWindow()))
                                .build()),
                windows);
    }

    @Test
    void windowsFollowOneAnotherEachBegunWithTheSetBefore() {
        DistillationPlanner.Step waiting = staged(DistillationPlanner.changed(state, onAStream(false)));
        assertThat(waiting.request()).isEmpty();
        assertThat(told(waiting)).isEqualTo(Phase.WAITING);
        DistillationRequest first = staged(state.orElseThrow(), 1, 2).request().orElseThrow();
        assertThat(first.getStage()).isEqualTo(new DistillationStage(1, "photos-1@1", "f1", null, "", "", List.of()));
        assertThat(staged(state.orElseThrow(), 1, 2, 3).request())
                .as("one after the other")
                .isEmpty();
        DistillationRequest second = distilled(first, 1, 2, 3).request().orElseThrow();
        assertThat(second.getStage())
                .isEqualTo(new DistillationStage(2, "photos-1@2", "f2", 1, "set of 1", "", List.of("pool/1")));
        assertThat(second.getFrom()).isZero();
        DistillationRequest third = distilled(second, 2, 3).request().orElseThrow();
        DistillationPlanner.Step end = distilled(third, 3);
        assertThat(end.request()).isEmpty();
        assertThat(told(end)).isEqualTo(Phase.WAITING);
        assertThat(end.notice().orElseThrow().activity()).isEqualTo("window 3 is distilled; waiting for the next one");
    }

    @Test
    void aWindowThatGoesIsSkippedAndTheSetBeforeItIsGoneOnFrom() {
        DistillationRequest first = staged(DistillationPlanner.changed(state, onAStream(false)), 1)
                .request()
                .orElseThrow();
        DistillationRequest second = distilled(first, 1, 2).request().orElseThrow();
        DistillationRequest fifth = staged(state.orElseThrow(), 5).request().orElseThrow();
        assertThat(fifth.getStage())
                .isEqualTo(new DistillationStage(5, "photos-1@5", "f5", 1, "set of 1", "", List.of("pool/1")));
        assertThat(state.orElseThrow().getSkipped()).isEqualTo(1);
        assertThat(distilled(second, 5).request()).as("a late answer").isEmpty();
        assertThat(state.orElseThrow().getStage().getWindow()).isEqualTo(5);
        DistillationPlanner.Step gone = staged(state.orElseThrow());
        assertThat(gone.notice().orElseThrow().activity()).startsWith("window 5 is gone (2 skipped)");
    }

    @Test
    void aFreshSetHasNoPredecessor() {
        DistillationRequest first = staged(DistillationPlanner.changed(state, onAStream(true)), 1)
                .request()
                .orElseThrow();
        DistillationStage second =
                distilled(first, 1, 2).request().orElseThrow().getStage();
        assertThat(second.getPredecessor()).isNull();
        assertThat(second.getCarried()).isEmpty();
    }

    private static AlertAction action(int window, long time, String distil) {
        return new AlertAction("live", "clean-drops-by-3", "net", "quick", window, time, distil, "it fell");
    }

    /** Planned after the action, where it is to be followed. */
    private Optional<DistillationRequest> alerted(AlertAction action, int... windows) {
        DistillationState before = state.orElseThrow();
        return DistillationPlanner.isAsked(before, action)
                ? staged(DistillationPlanner.asked(before, action), windows).request()
                : Optional.empty();
    }

    @Test
    void alertsStartTheNextSetOnceAtATimeAndNotWithinTheCooldown() {
        Experiment experiment = onAStream(false);
        experiment.getDistillation().setStartedBy(StartedBy.ALERTS);
        experiment.getDistillation().setCooldown("PT1M");
        DistillationRequest first = staged(DistillationPlanner.changed(state, experiment), 1)
                .request()
                .orElseThrow();
        assertThat(alerted(action(1, 5, "e"), 1))
                .as("the first set is under way")
                .isEmpty();
        DistillationPlanner.Step waiting = distilled(first, 1, 2, 3);
        assertThat(waiting.request()).as("windows alone start nothing").isEmpty();
        assertThat(waiting.notice().orElseThrow().activity()).endsWith("waiting for an alert");
        assertThat(alerted(action(3, 10, "another"), 1, 2, 3)).isEmpty();
        DistillationRequest second = alerted(action(3, 10, "e"), 1, 2, 3, 4).orElseThrow();
        assertThat(second.getStage().getWindow()).isEqualTo(3);
        assertThat(second.getStage().getPredecessor()).isEqualTo(1);
        assertThat(second.getStage().getCause()).isEqualTo("alert clean-drops-by-3 on net, window 3");
        distilled(second, 3, 4);
        assertThat(alerted(action(3, 10, "e"), 3, 4)).as("told twice").isEmpty();
        assertThat(alerted(action(4, 60_009, "e"), 3, 4))
                .as("within the minute")
                .isEmpty();
        assertThat(alerted(action(4, 60_010, "e"), 3, 4)).isPresent();
    }

    @Test
    void untilThereIsAFirstSetAWindowThatCannotBeDistilledGivesWayToTheNext() {
        Experiment experiment = onAStream(false);
        experiment.getDistillation().setStartedBy(StartedBy.ALERTS);
        DistillationRequest first = staged(DistillationPlanner.changed(state, experiment), 1)
                .request()
                .orElseThrow();
        WorkAnswer failed = WorkAnswer.newBuilder()
                .setId(first.getId())
                .setExperiment("e")
                .setOutcome(Outcome.FAILED)
                .setError("Class 0 has no images.")
                .build();
        assertThat(told(staged(DistillationPlanner.answered(state.orElseThrow(), failed), 1, 2)))
                .isEqualTo(Phase.FAILED);
        DistillationPlanner.Step later = staged(state.orElseThrow(), 2, 3);
        assertThat(later.request().orElseThrow().getStage().getWindow()).isEqualTo(3);
    }

    @Test
    void noAlertOverridesAStop() {
        Experiment experiment = onAStream(false);
        experiment.getDistillation().setStartedBy(StartedBy.ALERTS);
        DistillationRequest first = staged(DistillationPlanner.changed(state, experiment), 1)
                .request()
                .orElseThrow();
        distilled(first, 1);
        experiment.setDesiredState(DesiredState.STOP);
        staged(DistillationPlanner.changed(state, experiment), 1, 2);
        assertThat(alerted(action(2, 10, "e"), 1, 2)).isEmpty();
    }
}
