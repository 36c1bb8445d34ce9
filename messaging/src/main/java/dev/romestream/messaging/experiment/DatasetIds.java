package dev.romestream.messaging.experiment;

import dev.romestream.schemas.DatasetSpec;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Ids of data sets, the same for all services. */
public final class DatasetIds {
    private DatasetIds() {}

    /** The name, with a digest of the path, the size to which images are brought, and their number, where there are such. */
    public static String of(DatasetSpec spec) {
        String id = spec.getName();
        if (spec.getPath() != null) {
            UUID digest = UUID.nameUUIDFromBytes(spec.getPath().getBytes(StandardCharsets.UTF_8));
            id += "-" + digest.toString().substring(0, 8);
        }
        if (spec.getResize() != null) {
            id += "-" + spec.getResize();
        }
        return spec.getImages() == null ? id : id + "-of-" + spec.getImages();
    }
}
