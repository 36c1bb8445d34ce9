package dev.romestream.evaluator.plan;

import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.EvaluationState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * On which data set an experiment is scored: on the one that it names; of a stream, networks on one window after the other, and sets on
 * every window that is there. Changes the state.
 *
 * @param pending whether metrics of the present window are still to come
 */
record StreamWindows(EvaluationState state, BooleanSupplier pending) {
    /** The images of the experiment's data set are there; of a stream, those of a window. */
    void add(DatasetDescriptor descriptor) {
        if (descriptor.getWindow() == null) {
            state.setDataset(descriptor);
        } else if (descriptor.getTestImages() > 0 && isDistilled()) {
            windows(Stream.concat(
                    state.getWindows().stream().filter(known -> !isOf(known, descriptor.getId())),
                    Stream.of(descriptor)));
        } else if (descriptor.getTestImages() > 0
                && number(descriptor) > Math.max(number(state.getDataset()), number(state.getNext()))) {
            if (state.getNext() != null) {
                state.setSkipped(state.getSkipped() + 1);
            }
            state.setNext(descriptor);
            turn();
        }
    }

    /** A data set is no longer there: what is not scored on it will not be. */
    void retired(String dataset) {
        if (isDistilled()) {
            windows(state.getWindows().stream().filter(known -> !isOf(known, dataset)));
            return;
        }
        if (isOf(state.getNext(), dataset)) {
            state.setNext(null);
            state.setSkipped(state.getSkipped() + 1);
        }
        if (isOf(state.getDataset(), dataset)) {
            if (pending.getAsBoolean()) {
                state.setSkipped(state.getSkipped() + 1);
            }
            state.setDataset(null);
        }
        turn();
    }

    private boolean isDistilled() {
        return state.getExperiment() != null && state.getExperiment().getDistillation() != null;
    }

    /** Of a stream with a distillation: every window that is there is scored on. */
    private void windows(Stream<DatasetDescriptor> there) {
        List<DatasetDescriptor> windows = new ArrayList<>(
                there.sorted(Comparator.comparingInt(StreamWindows::number)).toList());
        state.setWindows(windows);
        state.setDataset(windows.isEmpty() ? null : windows.get(windows.size() - 1));
    }

    /** Whether a window's turn is over: of a network's, once another one's is; of a set's, once it is gone. */
    boolean isPast(int window) {
        return isDistilled()
                ? state.getWindows().stream().noneMatch(there -> number(there) == window)
                : window != number(state.getDataset());
    }

    private static boolean isOf(DatasetDescriptor descriptor, String id) {
        return descriptor != null && descriptor.getId().equals(id);
    }

    static int number(DatasetDescriptor descriptor) {
        return descriptor == null || descriptor.getWindow() == null
                ? -1
                : descriptor.getWindow().getNumber();
    }

    /** Goes on to the newest window of a stream, where the present one is scored. */
    private void turn() {
        if (state.getNext() != null && (state.getDataset() == null || !pending.getAsBoolean())) {
            state.setDataset(state.getNext());
            state.setNext(null);
        }
    }

    /** Goes on to the next window, where one waits and this one is scored; whether it did. */
    boolean isTurned() {
        DatasetDescriptor before = state.getDataset();
        turn();
        return !Objects.equals(before, state.getDataset());
    }
}
