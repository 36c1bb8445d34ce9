package dev.romestream.standalone.dashboard;

import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.attack.AttackSettings;
import dev.romestream.robustness.attack.AttackTask;
import dev.romestream.robustness.attack.Attacks;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.ThreatModel;
import dev.romestream.robustness.tensor.Seed;
import dev.romestream.robustness.tensor.Tensors;
import java.util.List;
import java.util.Optional;

/** A program that attacks the same images again and again, and prints the images that it has attacked so far. */
final class AttackLoop {
    private static final int IMAGES = 8;
    private static final ImageShape SHAPE = new ImageShape(3, 32, 32);
    private static final Normalization NORMALIZATION =
            new Normalization(List.of(0.5, 0.5, 0.5), List.of(0.2, 0.2, 0.2));

    private AttackLoop() {}

    /** Runs until its output is closed. */
    public static void main(String[] args) {
        try (NDManager manager = Tensors.manager("cpu", 1)) {
            var architecture = new Architecture("convnet", 32, 3);
            var network = new NeuralNetwork(
                    architecture,
                    SHAPE,
                    10,
                    NeuralNetwork.initialParameters(manager, architecture, SHAPE, 10, new Seed(1)));
            byte[] pixels = new byte[IMAGES * SHAPE.channels() * SHAPE.height() * SHAPE.width()];
            for (int done = 0; !System.out.checkError(); done += IMAGES) {
                var task = new AttackTask(
                        new AttackSettings(
                                Attacks.PGD, ThreatModel.Space.PIXEL, false, 8 / 255.0, 2 / 255.0, 10, false),
                        SHAPE,
                        pixels,
                        new int[IMAGES],
                        Optional.empty(),
                        new Seed(done));
                try (NDManager scope = manager.newSubManager()) {
                    task.run(scope, network, NORMALIZATION).images().toFloatArray();
                }
                System.out.println(done);
            }
        }
    }
}
