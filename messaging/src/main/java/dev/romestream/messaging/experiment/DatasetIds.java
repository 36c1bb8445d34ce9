package dev.romestream.messaging.experiment;

import dev.romestream.schemas.DatasetSpec;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Ids of data sets, the same for all services. */
public final class DatasetIds {
    private DatasetIds() {}

    /** The name, with a digest of the path where there is one. */
    public static String of(DatasetSpec spec) {
        if (spec.getPath() == null) {
            return spec.getName();
        }
        UUID digest = UUID.nameUUIDFromBytes(spec.getPath().getBytes(StandardCharsets.UTF_8));
        return spec.getName() + "-" + digest.toString().substring(0, 8);
    }
}
