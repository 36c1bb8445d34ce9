package dev.romestream.experiments;

import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.DistillationSpec;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.StartedBy;
import dev.romestream.schemas.WindowLag;
import dev.romestream.schemas.WindowSpec;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * How a topic is read in windows, as the keys {@code dataset.window.*} have it.
 *
 * @param labelled whether images have labels
 * @param images of a window; empty where record time ends it
 * @param everyMs record time that a window covers; empty where images are counted
 * @param sample the most images of a window that are taken
 * @param labelTopic on which labels come later than images; {@code classes} is then what its values call them
 * @param startMs where the first window begins; empty for the words in {@code start}
 */
public record WindowSettings(
        boolean labelled,
        OptionalInt images,
        OptionalLong everyMs,
        double test,
        int minimum,
        int maximum,
        OptionalInt sample,
        Start start,
        OptionalLong startMs,
        Duration idle,
        Duration future,
        List<String> classes,
        Optional<String> labelTopic) {

    /** Of a topic. */
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9._-]{1,249}");

    /** Where the first window begins. */
    public enum Start {
        EARLIEST,
        LATEST,
        TIME
    }

    /**
     * The settings of a data set; empty where it is no stream.
     *
     * @throws IllegalArgumentException naming the key, the value and what is allowed
     */
    public static Optional<WindowSettings> of(DatasetSpec dataset) {
        WindowSpec spec = dataset.getWindow();
        boolean labelled = dataset.getLabels() == ImageLabels.GIVEN;
        if (spec == null) {
            if (!labelled) {
                throw new IllegalArgumentException("dataset.labels is predicted, which is of a stream; give"
                        + " {name: topic, path: TOPIC, window: ..., labels: predicted}, or leave it out.");
            }
            return Optional.empty();
        }
        if (!dataset.getName().equals(DatasetIds.TOPIC) || dataset.getPath() == null) {
            throw new IllegalArgumentException("dataset.window is of a topic, and dataset.name is '" + dataset.getName()
                    + "'; give {name: topic, path: TOPIC, window: ...}.");
        }
        if (dataset.getImages() != null) {
            throw new IllegalArgumentException(
                    "dataset.images is of a topic that is read once; of a stream, give dataset.window.sample.");
        }
        if ((spec.getImages() == null) == (spec.getEvery() == null)) {
            throw new IllegalArgumentException("dataset.window has "
                    + (spec.getImages() == null ? "neither images nor every" : "images and every")
                    + "; give one of them.");
        }
        int least = spec.getImages() == null ? spec.getMinimum() : Math.max(spec.getMinimum(), spec.getImages());
        if (least > spec.getMaximum()) {
            throw new IllegalArgumentException("dataset.window.maximum is " + spec.getMaximum()
                    + "; it must be no less than dataset.window.images and dataset.window.minimum, which ask for "
                    + least
                    + ".");
        }
        if (spec.getClasses().size() == 1) {
            throw new IllegalArgumentException(
                    "dataset.window.classes is " + spec.getClasses() + "; give two classes or more, or none.");
        }
        if (labelled && spec.getLabelTopic() != null) {
            throw new IllegalArgumentException("dataset.window.labelTopic is '" + spec.getLabelTopic()
                    + "', and images have labels of their own; give dataset.labels: predicted, or leave it out.");
        }
        if (spec.getLabelTopic() != null
                && (!NAME.matcher(spec.getLabelTopic()).matches()
                        || spec.getLabelTopic().equals(dataset.getPath()))) {
            throw new IllegalArgumentException("dataset.window.labelTopic is '" + spec.getLabelTopic()
                    + "'; it must be the name of another topic than dataset.path: letters, digits, '.', '_' and '-'.");
        }
        boolean named = !spec.getClasses().isEmpty() && spec.getLabelTopic() == null;
        if (!labelled && (named || spec.getMinimum() > 0)) {
            throw new IllegalArgumentException("dataset.labels is predicted, and dataset.window."
                    + (spec.getMinimum() > 0 ? "minimum is " + spec.getMinimum() : "classes is " + spec.getClasses())
                    + ", which is of images with labels; leave one of them out.");
        }
        OptionalLong startMs = startMs(spec.getStart());
        return Optional.of(new WindowSettings(
                labelled,
                optional(spec.getImages()),
                spec.getEvery() == null
                        ? OptionalLong.empty()
                        : OptionalLong.of(duration("every", spec.getEvery()).toMillis()),
                spec.getTest(),
                spec.getMinimum(),
                spec.getMaximum(),
                optional(spec.getSample()),
                startMs.isPresent() ? Start.TIME : Start.valueOf(spec.getStart().toUpperCase(Locale.ROOT)),
                startMs,
                duration("idle", spec.getIdle()),
                duration("future", spec.getFuture()),
                spec.getClasses(),
                Optional.ofNullable(spec.getLabelTopic())));
    }

    /** @throws IllegalArgumentException where what is asked for cannot be done on a stream */
    public static void check(Experiment experiment) {
        Optional<WindowSettings> settings = of(experiment.getDataset());
        DistillationSpec distillation = experiment.getDistillation();
        if (settings.isEmpty()) {
            if (isStartedByAlerts(experiment)) {
                throw new IllegalArgumentException("distillation.startedBy is alerts, which are of a stream; give a"
                        + " dataset.window, or leave it out.");
            }
            return;
        }
        if (distillation == null) {
            if (experiment.getDataset().getWindow().getOnLag() == WindowLag.WAIT) {
                throw new IllegalArgumentException(
                        "dataset.window.onLag is wait, and there is no distillation; networks"
                                + " are scored on the newest window: leave it out.");
            }
            return;
        }
        if (!settings.get().labelled()) {
            throw new IllegalArgumentException(
                    "dataset.labels is predicted, and there is a distillation; images without"
                            + " labels cannot be distilled: give them labels, or leave distillation out.");
        }
        cooldown(distillation);
        if (settings.get().test() >= 1) {
            throw new IllegalArgumentException("dataset.window.test is "
                    + settings.get().test() + ", so that there are no images to distil; give a smaller share.");
        }
        if (distillation.getSnapshotEvery() != null) {
            throw new IllegalArgumentException("distillation.snapshotEvery is " + distillation.getSnapshotEvery()
                    + "; on a stream there is one snapshot a window: leave it out.");
        }
    }

    /** Whether a stream waits for an experiment that is slower. */
    public static boolean waits(Experiment experiment) {
        return experiment.getDistillation() != null
                && !isStartedByAlerts(experiment)
                && experiment.getDataset().getWindow().getOnLag() != WindowLag.SKIP;
    }

    /** Whether it distils when an alert asks for it. */
    public static boolean isStartedByAlerts(Experiment experiment) {
        return experiment.getDistillation() != null
                && experiment.getDistillation().getStartedBy() == StartedBy.ALERTS;
    }

    /** Record time for which nothing is distilled after an alert. */
    public static Duration cooldown(DistillationSpec distillation) {
        try {
            Duration cooldown = Duration.parse(distillation.getCooldown());
            if (!cooldown.isNegative()) {
                return cooldown;
            }
        } catch (DateTimeException e) {
            // told below
        }
        throw new IllegalArgumentException("distillation.cooldown is '" + distillation.getCooldown()
                + "'; allowed is an ISO-8601 duration of no less than 0, as PT10M.");
    }

    private static OptionalInt optional(Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    private static Duration duration(String key, String text) {
        try {
            Duration duration = Duration.parse(text);
            if (duration.toMillis() > 0) {
                return duration;
            }
        } catch (DateTimeException | ArithmeticException e) {
            // told below
        }
        throw new IllegalArgumentException("dataset.window." + key + " is '" + text
                + "'; allowed is an ISO-8601 duration of a millisecond or more, as PT10M or PT1H30M.");
    }

    private static OptionalLong startMs(String text) {
        if (text.equals("earliest") || text.equals("latest")) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Instant.parse(text).toEpochMilli());
        } catch (DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException(
                    "dataset.window.start is '" + text
                            + "'; allowed are earliest, latest and a time, as 2026-01-31T00:00:00Z.",
                    e);
        }
    }
}
