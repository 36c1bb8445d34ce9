package dev.romestream.exchange;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.romestream.robustness.distill.PoolMember;
import dev.romestream.robustness.network.Architecture;
import dev.romestream.robustness.network.NeuralNetwork;
import dev.romestream.robustness.network.ImageShape;
import dev.romestream.robustness.network.Normalization;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Networks: the library's values to records and back. */
public final class NetworkCodec {
    private NetworkCodec() {}

    /** The key of a network on its topic. */
    public static String key(String id, int version) {
        return id + "/" + version;
    }

    public static Architecture decode(NetworkSpec spec) {
        return new Architecture(spec.getArchitecture(), spec.getWidth(), spec.getDepth());
    }

    public static NetworkSpec encode(Architecture architecture) {
        return new NetworkSpec(architecture.name(), architecture.width(), architecture.depth());
    }

    /** The record of a victim. */
    public static Network victim(String id, int version, NeuralNetwork network, Normalization normalization) {
        return record(id, version, NetworkRole.VICTIM, network, normalization).build();
    }

    /** The record of a pool network. */
    public static Network prior(String id, int version, PoolMember member, Normalization normalization) {
        return record(id, version, NetworkRole.PRIOR, member.network(), normalization)
                .setMomentum(named(member.network().parameterNames(), member.velocities()))
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
        for (int i = 0; i < names.size(); i++) {
            tensors.add(new NamedTensor(names.get(i), TensorCodec.encode(arrays.get(i))));
        }
        return tensors;
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
        Architecture architecture = decode(record.getArchitecture());
        ImageShape input = shape(record.getInputShape());
        NDList parameters = arrays(manager, record, record.getParameters());
        try {
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
        tensors.forEach(tensor ->
                byName.put(tensor.getName(), TensorCodec.decode(manager, tensor.getName(), tensor.getTensor())));
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
