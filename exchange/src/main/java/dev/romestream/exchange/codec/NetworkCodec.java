package dev.romestream.exchange.codec;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.exchange.identity.NetworkReference;
import dev.romestream.robustness.distill.PoolMember;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.Classifier;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.robustness.network.TorchScript;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkNorm;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Networks: the library's values to records and back. */
public final class NetworkCodec {
    /** The architecture of a network that is a program. */
    public static final String TORCHSCRIPT = "torchscript";

    private static final String PROGRAM = "program";

    private NetworkCodec() {}

    /** The key of a network on its topic. */
    public static String key(String id, int version) {
        return NetworkReference.key(id, version);
    }

    public static Architecture decode(NetworkSpec spec) {
        return new Architecture(
                spec.getArchitecture(),
                spec.getWidth(),
                spec.getDepth(),
                Architecture.Norm.valueOf(spec.getNorm().name()));
    }

    public static NetworkSpec encode(Architecture architecture) {
        return new NetworkSpec(
                architecture.name(),
                architecture.width(),
                architecture.depth(),
                NetworkNorm.valueOf(architecture.norm().name()));
    }

    /** The record of a victim. */
    public static Network victim(String id, int version, NeuralNetwork network, Normalization normalization) {
        return record(id, version, NetworkRole.VICTIM, network, normalization).build();
    }

    /**
     * The record of a network that a user brings.
     *
     * @param experiment that scores it
     * @param fingerprint of its file
     */
    public static Network monitored(
            String id,
            int version,
            NeuralNetwork network,
            Normalization normalization,
            String experiment,
            String fingerprint) {
        return record(id, version, NetworkRole.MONITORED, network, normalization)
                .setExperiment(experiment)
                .setFingerprint(fingerprint)
                .build();
    }

    /** The record of a TorchScript program that a user brings. */
    public static Network monitored(
            String id,
            int version,
            byte[] program,
            ImageShape input,
            int classes,
            Normalization normalization,
            String experiment,
            String fingerprint) {
        Tensor tensor = new Tensor(List.of(program.length), DType.UINT8, ByteBuffer.wrap(program));
        return Network.newBuilder()
                .setId(id)
                .setVersion(version)
                .setRole(NetworkRole.MONITORED)
                .setArchitecture(
                        NetworkSpec.newBuilder().setArchitecture(TORCHSCRIPT).build())
                .setInputShape(List.of(input.channels(), input.height(), input.width()))
                .setClasses(classes)
                .setMean(normalization.mean())
                .setStd(normalization.std())
                .setParameters(List.of(new NamedTensor(PROGRAM, tensor)))
                .setExperiment(experiment)
                .setFingerprint(fingerprint)
                .build();
    }

    /** The record of a pool network. */
    public static Network prior(String id, int version, PoolMember member, Normalization normalization) {
        return record(id, version, NetworkRole.PRIOR, member.network(), normalization)
                .setMomentum(named(member.network().parameterNames(), member.velocities()))
                .setAverage(named(member.network().parameterNames(), member.averages()))
                .setTrainingCorrect(member.correct())
                .setTrainingSeen(member.seen())
                .build();
    }

    /** The record in place of a pool network that could not be made. */
    public static Network failed(String id, int version, NetworkSpec architecture, String reason) {
        return Network.newBuilder()
                .setId(id)
                .setVersion(version)
                .setRole(NetworkRole.PRIOR)
                .setArchitecture(architecture)
                .setInputShape(List.of())
                .setClasses(2)
                .setMean(List.of())
                .setStd(List.of())
                .setParameters(List.of())
                .setError(reason)
                .build();
    }

    private static Network.Builder record(
            String id, int version, NetworkRole role, NeuralNetwork network, Normalization normalization) {
        ImageShape input = network.input();
        return Network.newBuilder()
                .setId(id)
                .setVersion(version)
                .setRole(role)
                .setArchitecture(encode(network.architecture()))
                .setInputShape(List.of(input.channels(), input.height(), input.width()))
                .setClasses(network.classes())
                .setMean(normalization.mean())
                .setStd(normalization.std())
                .setParameters(named(network.parameterNames(), network.parameters()));
    }

    private static List<NamedTensor> named(List<String> names, NDList arrays) {
        List<NamedTensor> tensors = new ArrayList<>();
        for (int i = 0; i < arrays.size(); i++) {
            tensors.add(new NamedTensor(names.get(i), TensorCodec.encode("The tensor " + names.get(i), arrays.get(i))));
        }
        return tensors;
    }

    /**
     * What attacks and evaluations need of a record's network; it lives as long as {@code manager}.
     *
     * @param programs whether it may be a program, which is run
     * @throws InvalidRecordException where the network cannot be made of the record
     */
    public static Classifier classifier(NDManager manager, Network record, boolean programs) {
        Optional<byte[]> program = program(record);
        if (program.isEmpty()) {
            return network(manager, record);
        }
        if (!programs) {
            throw new InvalidRecordException("Network " + record.getId() + " is a TorchScript program, which is native"
                    + " code, and programs from the topic are not run here; where all who write to it are trusted, set"
                    + " networks.torchscript=true for attackers and evaluators.");
        }
        try {
            return TorchScript.load(manager, program.get(), shape(record.getInputShape()), record.getClasses());
        } catch (IllegalArgumentException e) {
            throw new InvalidRecordException("Network " + record.getId() + ": " + e.getMessage());
        }
    }

    /**
     * The TorchScript program of a record; empty where its network is of a known architecture.
     *
     * @throws InvalidRecordException where it has other parameters than the program
     */
    public static Optional<byte[]> program(Network record) {
        if (!record.getArchitecture().getArchitecture().equals(TORCHSCRIPT)) {
            return Optional.empty();
        }
        if (record.getParameters().size() != 1) {
            throw new InvalidRecordException("Network " + record.getId() + " is a TorchScript program and has "
                    + record.getParameters().size() + " parameters; needed is one, the program.");
        }
        return Optional.of(
                TensorCodec.bytes(PROGRAM, record.getParameters().get(0).getTensor()));
    }

    /** The architecture of a record's network, in words. */
    public static String architecture(Network record) {
        NetworkSpec spec = record.getArchitecture();
        return spec.getArchitecture().equals(TORCHSCRIPT)
                ? TORCHSCRIPT
                : decode(spec).toString();
    }

    /**
     * The network of a record; its arrays belong to {@code manager}.
     *
     * @throws InvalidRecordException where parameters are missing or do not fit, or there are none because it was not made
     */
    public static NeuralNetwork network(NDManager manager, Network record) {
        if (record.getError() != null) {
            throw new InvalidRecordException(
                    "Network " + key(record.getId(), record.getVersion()) + " could not be made: " + record.getError());
        }
        ImageShape input = shape(record.getInputShape());
        try {
            Architecture architecture = decode(record.getArchitecture());
            NDList parameters = arrays(manager, record, record.getParameters());
            return new NeuralNetwork(architecture, input, record.getClasses(), parameters);
        } catch (IllegalArgumentException e) {
            throw new InvalidRecordException("Network " + record.getId() + ": " + e.getMessage());
        }
    }

    /** The pool network of a record; its arrays belong to {@code manager}. */
    public static PoolMember member(NDManager manager, Network record) {
        return new PoolMember(
                network(manager, record),
                arrays(manager, record, record.getMomentum()),
                record.getAverage().isEmpty() ? new NDList() : arrays(manager, record, record.getAverage()),
                record.getTrainingCorrect(),
                record.getTrainingSeen());
    }

    public static Normalization normalization(Network record) {
        return new Normalization(record.getMean(), record.getStd());
    }

    public static ImageShape shape(List<Integer> channelsHeightWidth) {
        if (channelsHeightWidth.size() != 3) {
            throw new InvalidRecordException(
                    "The shape " + channelsHeightWidth + " is not channels, height and width.");
        }
        return new ImageShape(channelsHeightWidth.get(0), channelsHeightWidth.get(1), channelsHeightWidth.get(2));
    }

    private static NDList arrays(NDManager manager, Network record, List<NamedTensor> tensors) {
        Map<String, NDArray> byName = new HashMap<>();
        tensors.forEach(tensor -> byName.put(
                tensor.getName(), TensorCodec.decode(manager, "The tensor " + tensor.getName(), tensor.getTensor())));
        NDList ordered = new NDList();
        for (String name : NeuralNetwork.parameterShapes(
                        decode(record.getArchitecture()), shape(record.getInputShape()), record.getClasses())
                .keySet()) {
            NDArray array = byName.get(name);
            if (array == null) {
                throw new InvalidRecordException("Network " + record.getId() + " lacks the parameter " + name
                        + "; it has " + byName.keySet() + ".");
            }
            ordered.add(array);
        }
        return ordered;
    }
}
