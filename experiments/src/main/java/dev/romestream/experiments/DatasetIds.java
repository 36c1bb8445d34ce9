package dev.romestream.experiments;

import dev.romestream.schemas.DatasetSpec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

/** Ids of data sets, the same for all services. */
public final class DatasetIds {
    private DatasetIds() {}

    /** The name, with a digest of the path, the size, the order of labels and the number of images, where there are such. */
    public static String of(DatasetSpec spec) {
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

    private static String digest(String text) {
        return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8))
                .toString()
                .substring(0, 8);
    }
}
