package dev.romestream.standalone.network;

import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.codec.InvalidRecordException;
import dev.romestream.exchange.codec.NetworkCodec;
import dev.romestream.exchange.identity.Digest;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.StateDict;
import dev.romestream.robustness.network.TorchScript;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** A trained network in a file: a PyTorch state dict of a known architecture, or a TorchScript program. */
public final class ModelFile {
    /** How files are named that may hold a network. */
    public static final List<String> ENDINGS = List.of(".pth", ".pt", ".pth.tar", ".ckpt", ".safetensors", ".pt2");

    private final Path file;
    private final String architecture;
    private final Inputs inputs;
    private final Optional<Normalization> constants;
    private final String fingerprint;
    private final Optional<StateDict> state;
    private final byte[] program;

    /** What a network takes, or the values of images are. */
    public enum Inputs {
        /** Images normalised by the data set's mean and standard deviation. */
        NORMALISED,
        /** Images in [0,1]. */
        PIXELS
    }

    private ModelFile(
            Path file,
            String architecture,
            Inputs inputs,
            Optional<Normalization> constants,
            String fingerprint,
            Optional<StateDict> state,
            byte[] program) {
        this.file = file;
        this.architecture = architecture;
        this.inputs = inputs;
        this.constants = constants;
        this.fingerprint = fingerprint;
        this.state = state;
        this.program = program;
    }

    /**
     * Reads a file.
     *
     * @param architecture of a state dict
     * @param constants by which normalised inputs are normalised; empty for those of the data set
     * @throws ModelException where it is neither kind of file
     */
    public static ModelFile read(Path file, String architecture, Inputs inputs, Optional<Normalization> constants) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            Digest digest = new Digest().add(bytes).add(architecture).add(inputs.toString());
            constants.ifPresent(values -> digest.add(values.toString()));
            String fingerprint = digest.hex();
            if (TorchScript.isProgram(file)) {
                return new ModelFile(file, architecture, inputs, constants, fingerprint, Optional.empty(), bytes);
            }
            StateDict state = StateDict.read(file);
            Architecture.of(architecture, state);
            return new ModelFile(file, architecture, inputs, constants, fingerprint, Optional.of(state), new byte[0]);
        } catch (NoSuchFileException e) {
            throw new ModelException("There is no file " + file + ".", e);
        } catch (IOException e) {
            throw new ModelException("Cannot read " + file + ": " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new ModelException(named(file, e), e);
        }
    }

    private static String named(Path file, RuntimeException e) {
        return e.getMessage().contains(file.toString()) ? e.getMessage() : file + ": " + e.getMessage();
    }

    /** SHA-256 of the file and of how it is read. */
    public String fingerprint() {
        return fingerprint;
    }

    /**
     * The network's record for a data set.
     *
     * @param manager for the check that it is one for the data set's images and classes
     * @throws ModelException where it is not
     */
    Network record(NDManager manager, DatasetDescriptor dataset, String experiment, NetworkVersion version) {
        ImageShape shape = NetworkCodec.shape(dataset.getShape());
        try (NDManager scope = manager.newSubManager()) {
            int classes = dataset.getClasses().isEmpty()
                    ? classes(scope, shape)
                    : dataset.getClasses().size();
            if (state.isEmpty()) {
                TorchScript.load(scope, program, shape, classes);
                return NetworkCodec.monitored(
                        version.getNetwork(),
                        version.getVersion(),
                        program,
                        shape,
                        classes,
                        normalization(dataset),
                        experiment,
                        fingerprint);
            }
            NeuralNetwork network =
                    NeuralNetwork.of(scope, Architecture.of(architecture, state.get()), shape, classes, state.get());
            return NetworkCodec.monitored(
                    version.getNetwork(),
                    version.getVersion(),
                    network,
                    normalization(dataset),
                    experiment,
                    fingerprint);
        } catch (IllegalArgumentException | InvalidRecordException e) {
            throw new ModelException(named(file, e), e);
        }
    }

    /** Where the data set has no labels, the network says which classes there are. */
    private int classes(NDManager manager, ImageShape shape) {
        return state.map(parameters ->
                        NeuralNetwork.classes(Architecture.of(architecture, parameters), shape, parameters))
                .orElseGet(() -> TorchScript.classes(manager, program, shape));
    }

    /**
     * How the network's inputs come from pixels.
     *
     * @throws ModelException where constants that were given are of another number of channels
     */
    Normalization normalization(DatasetDescriptor dataset) {
        int channels = dataset.getMean().size();
        if (inputs == Inputs.PIXELS) {
            return new Normalization(Collections.nCopies(channels, 0.0), Collections.nCopies(channels, 1.0));
        }
        Normalization used = constants.orElseGet(() -> new Normalization(dataset.getMean(), dataset.getStd()));
        if (used.mean().size() != channels) {
            throw new ModelException(
                    file + ": --mean and --std are for " + used.mean().size() + " channels; " + dataset.getId()
                            + " has " + channels + ".",
                    null);
        }
        return used;
    }

    /** How its inputs come from pixels, in words. */
    String units(DatasetDescriptor dataset) {
        if (inputs == Inputs.PIXELS) {
            return "pixels in [0,1]";
        }
        Normalization used = normalization(dataset);
        return "images normalised by the mean " + used.mean() + " and the standard deviation " + used.std()
                + (constants.isPresent() ? "" : " of " + dataset.getId());
    }
}
