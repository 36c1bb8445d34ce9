package dev.romestream.experiments;

import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.DatasetSpec;
import dev.romestream.schemas.ImageLabels;
import dev.romestream.schemas.WindowSpec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;

/** Ids of data sets, the same for all services. */
public final class DatasetIds {
    /** Name of a data set that is a user's topic. */
    public static final String TOPIC = "topic";

    private DatasetIds() {}

    /** The name, with a digest of the path, the size, the order of labels and the number of images, where there are such. */
    public static String of(DatasetSpec spec) {
        if (spec.getWindow() != null) {
            return stream(spec);
        }
        String id = spec.getName();
        if (spec.getPath() != null) {
            id += "-" + digest(spec.getPath());
        }
        if (!spec.getOrder().isEmpty() && !spec.getOrder().equals(List.of("sorted"))) {
            id += "-" + digest(String.join("\n", spec.getOrder()));
        }
        if (spec.getResize() != null) {
            id += "-" + spec.getResize();
        }
        return spec.getImages() == null ? id : id + "-of-" + spec.getImages();
    }

    /** The topic's name, with a digest of all that determines the windows. */
    private static String stream(DatasetSpec spec) {
        WindowSpec window = determining(spec).getWindow();
        WindowSpec usual = WindowSpec.newBuilder().build();
        String settings = window.getSchema().getFields().stream()
                .filter(field -> !Objects.equals(window.get(field.pos()), usual.get(field.pos())))
                .map(field -> field.name() + "=" + window.get(field.pos()))
                .sorted()
                .collect(Collectors.joining("\n"));
        String labels = spec.getLabels() == ImageLabels.GIVEN ? "" : "\nlabels=" + spec.getLabels();
        return spec.getPath() + "-" + digest(spec.getPath() + "\n" + spec.getResize() + "\n" + settings + labels);
    }

    /** A specification without what determines nothing of the images: how long a stream's windows and their metrics stay, and who waits. */
    public static DatasetSpec determining(DatasetSpec spec) {
        if (spec.getWindow() == null) {
            return spec;
        }
        WindowSpec usual = WindowSpec.newBuilder().build();
        return DatasetSpec.newBuilder(spec)
                .setWindow(WindowSpec.newBuilder(spec.getWindow())
                        .setKeep(usual.getKeep())
                        .setHistory(usual.getHistory())
                        .setOnLag(usual.getOnLag())
                        .build())
                .build();
    }

    /** The id of a window of a stream. */
    public static String window(String stream, int number) {
        return stream + "@" + number;
    }

    /** The id of the stream that a window's id begins with; of a data set that is none, its own. */
    public static String streamOf(String id) {
        int at = id.indexOf('@');
        return at < 0 ? id : id.substring(0, at);
    }

    /** Whether a data set is what a specification asks for: of a stream, one of its windows. */
    public static boolean isOf(DatasetDescriptor descriptor, DatasetSpec spec) {
        return stream(descriptor).equals(of(spec));
    }

    /** The id of the stream that a data set is a window of; of one that is none, its own. */
    public static String stream(DatasetDescriptor descriptor) {
        return descriptor.getWindow() == null
                ? descriptor.getId()
                : descriptor.getWindow().getStream();
    }

    private static String digest(String text) {
        return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8))
                .toString()
                .substring(0, 8);
    }
}
