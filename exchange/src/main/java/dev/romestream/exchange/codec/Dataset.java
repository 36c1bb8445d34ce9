package dev.romestream.exchange.codec;

import dev.romestream.robustness.network.LabelledImages;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Split;

/** A data set, whole. */
public record Dataset(DatasetDescriptor descriptor, LabelledImages train, LabelledImages test) {
    public Normalization normalization() {
        return new Normalization(descriptor.getMean(), descriptor.getStd());
    }

    public LabelledImages split(Split split) {
        return split == Split.TRAIN ? train : test;
    }
}
