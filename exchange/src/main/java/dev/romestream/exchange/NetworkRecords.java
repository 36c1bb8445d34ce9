package dev.romestream.exchange;

import dev.romestream.messaging.topic.RecordIndex;
import dev.romestream.messaging.topic.RecordSender;
import dev.romestream.messaging.topic.WireTensors;
import dev.romestream.schemas.DType;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.Tensor;
import dev.romestream.schemas.Topic;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/**
 * Networks on their topic. One too large for a record is spread over several: its own names the tensors with their shapes, and
 * the parts carry their bytes, one after the other.
 */
public final class NetworkRecords {
    private static final int PART_BYTES = 4 * 1024 * 1024;

    private NetworkRecords() {}

    /** Writes a network, its own record last. */
    public static void send(RecordSender sender, Network network) {
        split(network, PART_BYTES).forEach((key, record) -> sender.send(Topic.NETWORKS, key, record));
    }

    /**
     * The whole network with this key, when it is there.
     *
     * @throws TimeoutException where it does not come within {@code limit}
     */
    public static Network await(RecordIndex<Network> index, String key, Duration limit) throws TimeoutException {
        return whole(index, index.await(key, limit), limit);
    }

    /** The whole network of its own record. */
    public static Network whole(RecordIndex<Network> index, Network own, Duration limit) throws TimeoutException {
        List<Network> parts = new ArrayList<>();
        for (int part = 1; part < own.getParts(); part++) {
            parts.add(index.await(partKey(own, part), limit));
        }
        return join(own, parts);
    }

    private static String partKey(Network network, int part) {
        return NetworkCodec.key(network.getId(), network.getVersion()) + "/part-" + part;
    }

    /** The records of a network by their keys, its own last. */
    static Map<String, Network> split(Network whole, int partBytes) {
        Map<String, Network> records = new LinkedHashMap<>();
        String key = NetworkCodec.key(whole.getId(), whole.getVersion());
        if (bytes(whole.getParameters()) + bytes(whole.getMomentum()) <= partBytes) {
            records.put(key, whole);
            return records;
        }
        Network empty = Network.newBuilder(whole)
                .setParameters(emptied(whole.getParameters()))
                .setMomentum(emptied(whole.getMomentum()))
                .build();
        List<Network> parts = new ArrayList<>();
        slices(whole.getParameters(), partBytes).forEach(slice -> parts.add(part(empty, List.of(slice), List.of())));
        slices(whole.getMomentum(), partBytes).forEach(slice -> parts.add(part(empty, List.of(), List.of(slice))));
        for (Network part : parts) {
            part.setPart(records.size() + 1);
            records.put(partKey(whole, part.getPart()), part);
        }
        empty.setParts(parts.size() + 1);
        records.put(key, empty);
        return records;
    }

    private static Network part(Network own, List<NamedTensor> parameters, List<NamedTensor> momentum) {
        return Network.newBuilder(own)
                .setParameters(parameters)
                .setMomentum(momentum)
                .build();
    }

    private static long bytes(List<NamedTensor> tensors) {
        return tensors.stream()
                .mapToLong(tensor -> tensor.getTensor().getData().remaining())
                .sum();
    }

    private static List<NamedTensor> emptied(List<NamedTensor> tensors) {
        return tensors.stream()
                .map(tensor -> new NamedTensor(
                        tensor.getName(),
                        Tensor.newBuilder(tensor.getTensor())
                                .setData(ByteBuffer.allocate(0))
                                .build()))
                .toList();
    }

    /** The bytes of all tensors in one row, cut to size. */
    private static List<NamedTensor> slices(List<NamedTensor> tensors, int size) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (NamedTensor tensor : tensors) {
            all.writeBytes(array(tensor.getTensor()));
        }
        byte[] bytes = all.toByteArray();
        List<NamedTensor> slices = new ArrayList<>();
        for (int from = 0; from < bytes.length; from += size) {
            int length = Math.min(size, bytes.length - from);
            Tensor slice = new Tensor(
                    List.of(length),
                    DType.UINT8,
                    ByteBuffer.wrap(bytes, from, length).slice());
            slices.add(new NamedTensor("bytes", slice));
        }
        return slices;
    }

    private static byte[] array(Tensor tensor) {
        byte[] bytes = new byte[tensor.getData().remaining()];
        tensor.getData().duplicate().get(bytes);
        return bytes;
    }

    /**
     * The network that was {@link #split}.
     *
     * @throws InvalidRecordException where the parts do not have the bytes that the shapes take
     */
    static Network join(Network own, List<Network> parts) {
        if (own.getParts() == 1) {
            return own;
        }
        return Network.newBuilder(own)
                .setParameters(filled(
                        own,
                        own.getParameters(),
                        parts.stream()
                                .flatMap(part -> part.getParameters().stream())
                                .toList()))
                .setMomentum(filled(
                        own,
                        own.getMomentum(),
                        parts.stream()
                                .flatMap(part -> part.getMomentum().stream())
                                .toList()))
                .setParts(1)
                .build();
    }

    private static List<NamedTensor> filled(Network own, List<NamedTensor> tensors, List<NamedTensor> slices) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        slices.forEach(slice -> all.writeBytes(array(slice.getTensor())));
        byte[] bytes = all.toByteArray();
        List<NamedTensor> filled = new ArrayList<>();
        long at = 0;
        for (NamedTensor tensor : tensors) {
            long length = WireTensors.size(tensor.getTensor());
            if (at + length > bytes.length) {
                throw tooFew(own, bytes.length);
            }
            Tensor whole = Tensor.newBuilder(tensor.getTensor())
                    .setData(ByteBuffer.wrap(bytes, (int) at, (int) length).slice())
                    .build();
            filled.add(new NamedTensor(tensor.getName(), whole));
            at += length;
        }
        if (at != bytes.length) {
            throw tooFew(own, bytes.length);
        }
        return filled;
    }

    private static InvalidRecordException tooFew(Network own, long bytes) {
        return new InvalidRecordException("The " + own.getParts() + " records of the network "
                + NetworkCodec.key(own.getId(), own.getVersion()) + " hold " + bytes
                + " bytes, which is not what its tensors take.");
    }
}
