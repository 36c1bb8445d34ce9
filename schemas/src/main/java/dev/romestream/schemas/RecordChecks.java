package dev.romestream.schemas;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.avro.specific.SpecificRecord;

/** What a record must keep to beyond its schema, as far as it tells by itself; the same for all who read it. */
public final class RecordChecks {
    private static final Pattern EXPERIMENT_ID = Pattern.compile("[a-z0-9][a-z0-9._-]{0,199}");
    private static final int KEY_DIGITS = 16;

    private RecordChecks() {}

    /**
     * Checks a record.
     *
     * @param value null for a tombstone
     * @throws ContractException naming the field, the value and what is allowed
     */
    public static void check(Topic topic, String key, SpecificRecord value) {
        if (value == null) {
            return;
        }
        if (!value.getSchema().equals(topic.schema())) {
            throw new ContractException("A record on " + topic.baseName() + " is a "
                    + value.getSchema().getName() + "; it must be a "
                    + topic.schema().getName() + ".");
        }
        List<String> violations = Ranges.violations(value);
        if (!violations.isEmpty()) {
            throw new ContractException(value.getSchema().getName() + " " + key + ": " + String.join(" ", violations));
        }
        if (value instanceof Experiment experiment) {
            requireKey(key, experiment.getId());
            if (!EXPERIMENT_ID.matcher(experiment.getId()).matches()) {
                throw new ContractException("An experiment's id is '" + experiment.getId()
                        + "'; allowed are at most 200 lower-case letters, digits, '.', '_' and '-'.");
            }
        } else if (value instanceof ExperimentStatus status) {
            requireKey(key, status.getExperiment() + "/" + status.getService());
        } else if (value instanceof Alert alert) {
            requireKey(key, alertKey(alert));
        } else if (value instanceof AlertAction action) {
            requireKey(key, actionKey(action));
        } else if (value instanceof Evaluation evaluation) {
            requireKey(key, evaluation.getKey());
        } else if (value instanceof Network network) {
            requireKey(key, network.getId() + "/" + network.getVersion());
            if (network.getRole() == NetworkRole.MONITORED && network.getExperiment() == null) {
                throw new ContractException("Network " + key + " is to be monitored and names no experiment; give"
                        + " the id of one without a distillation.");
            }
        } else if (value instanceof SyntheticSnapshot snapshot) {
            requireKey(
                    key,
                    snapshot.getExperiment() + "/" + snapshot.getSnapshot() + "/"
                            + (snapshot.getPart() instanceof SnapshotClass images ? images.getLabel() : "manifest"));
        } else if (value instanceof DatasetDescriptor descriptor) {
            requireKey(key, descriptor.getId());
            check(descriptor);
        } else if (value instanceof WindowLabels labels) {
            requireKey(key, labels.getDataset());
        } else if (value instanceof ImageBatch batch) {
            requireKey(key, batchKey(batch));
            check(key, batch);
        }
    }

    /**
     * The key of a batch: dataset/split/index, with the beginning of the fingerprint after the dataset where that is a window of a
     * stream, which may have been cut twice.
     */
    public static String batchKey(String dataset, String fingerprint, Split split, int index) {
        String cut =
                dataset.contains("@") ? "/" + fingerprint.substring(0, Math.min(KEY_DIGITS, fingerprint.length())) : "";
        return dataset + cut + "/" + split.name().toLowerCase(Locale.ROOT) + "/" + index;
    }

    /** The key of a batch. */
    public static String batchKey(ImageBatch batch) {
        return batchKey(batch.getDataset(), batch.getFingerprint(), batch.getSplit(), batch.getIndex());
    }

    /** The key of an alert: experiment/rule/network/suite. */
    public static String alertKey(Alert alert) {
        return alert.getExperiment() + "/" + alert.getRule() + "/" + alert.getNetwork() + "/" + alert.getSuite();
    }

    /** The key of an action: the alert's, and the window. */
    public static String actionKey(AlertAction action) {
        return action.getExperiment() + "/" + action.getRule() + "/" + action.getNetwork() + "/" + action.getSuite()
                + "/" + action.getWindow();
    }

    private static void requireKey(String key, String expected) {
        if (!expected.equals(key)) {
            throw new ContractException("The record's key is '" + key + "'; its fields give '" + expected + "'.");
        }
    }

    private static void check(DatasetDescriptor descriptor) {
        WindowRange window = descriptor.getWindow();
        if (window != null && !descriptor.getId().equals(window.getStream() + "@" + window.getNumber())) {
            throw new ContractException("The data set " + descriptor.getId() + " is window " + window.getNumber()
                    + " of the stream " + window.getStream() + "; its id must be stream@number.");
        }
        if (window != null && descriptor.getTrainImages() == 0 && descriptor.getTestImages() == 0) {
            // where a stream begins
            return;
        }
        List<Integer> shape = descriptor.getShape();
        if (shape.size() != 3 || shape.stream().anyMatch(length -> length < 1)) {
            throw new ContractException("The shape of the data set " + descriptor.getId() + " is " + shape
                    + "; it must be channels, height and width.");
        }
        int channels = shape.get(0);
        if (descriptor.getMean().size() != channels || descriptor.getStd().size() != channels) {
            throw new ContractException("The data set " + descriptor.getId() + " has " + channels
                    + " channels, " + descriptor.getMean().size() + " means and "
                    + descriptor.getStd().size() + " standard deviations.");
        }
        List<Integer> labels = descriptor.getTestLabels();
        if (!labels.isEmpty() && labels.size() != descriptor.getTestImages()) {
            throw new ContractException("The data set " + descriptor.getId() + " has " + labels.size()
                    + " testLabels and " + descriptor.getTestImages() + " test images; give one for each, or none.");
        }
        int classes = descriptor.getClasses().size();
        labels.stream()
                .filter(label -> label < 0 || label >= classes)
                .findFirst()
                .ifPresent(label -> {
                    throw new ContractException("The data set " + descriptor.getId() + " has the test label " + label
                            + "; its classes are 0 to " + (classes - 1) + ".");
                });
        long values = 1;
        for (int length : shape) {
            values = Math.min(Integer.MAX_VALUE, values * length);
        }
        long most = Math.max(descriptor.getTrainImages(), descriptor.getTestImages());
        if (values * most > Integer.MAX_VALUE) {
            throw new ContractException("A split of the data set " + descriptor.getId() + " has " + most + " images of "
                    + shape + "; the most allowed is 2 GiB.");
        }
    }

    private static void check(String key, ImageBatch batch) {
        int count = batch.getLabels().size();
        if (batch.getImageIds().size() != count) {
            throw new ContractException("ImageBatch " + key + " has " + count + " labels and "
                    + batch.getImageIds().size() + " imageIds; there must be as many.");
        }
        if (!batch.getKeys().isEmpty() && batch.getKeys().size() != count) {
            throw new ContractException("ImageBatch " + key + " has " + count + " labels and "
                    + batch.getKeys().size() + " keys; there must be as many, or none.");
        }
        List<Integer> shape = batch.getImages().getShape();
        if (shape.size() != 4 || shape.get(0) != count) {
            throw new ContractException("ImageBatch " + key + " has images of the shape " + shape + "; needed are "
                    + count + " images as (N, C, H, W).");
        }
        WireTensors.check("ImageBatch " + key + ": images", batch.getImages());
    }
}
