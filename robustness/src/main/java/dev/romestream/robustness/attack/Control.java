package dev.romestream.robustness.attack;

import ai.djl.ndarray.NDArray;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.tensor.Seed;
import java.util.List;

/** No attack: what the protocol itself does to images. */
public enum Control implements Attack {
    /** Nothing. */
    NONE {
        @Override
        NDArray apply(NDArray images) {
            return images.duplicate();
        }
    },
    /** The range projection alone. */
    CLAMP {
        @Override
        NDArray apply(NDArray images) {
            return images.clip(0, 1);
        }
    };

    abstract NDArray apply(NDArray images);

    @Override
    public Perturbation perturb(Classifier model, NDArray images, int[] labels, Seed seed) {
        return new Perturbation(apply(images), 0, 0, 0, List.of());
    }
}
