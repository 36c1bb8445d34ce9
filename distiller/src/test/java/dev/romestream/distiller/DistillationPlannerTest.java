package dev.romestream.distiller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DesiredState;
import dev.romestream.schemas.DistillationRequest;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.DistillationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.Outcome;
import dev.romestream.schemas.Phase;
import dev.romestream.schemas.WorkAnswer;
import java.util.Optional;
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
}
