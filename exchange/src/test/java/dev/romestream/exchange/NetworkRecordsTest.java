package dev.romestream.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.romestream.schemas.DType;
import dev.romestream.schemas.NamedTensor;
import dev.romestream.schemas.Network;
import dev.romestream.schemas.NetworkRole;
import dev.romestream.schemas.NetworkSpec;
import dev.romestream.schemas.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NetworkRecordsTest {
    private static NamedTensor tensor(String name, int first, int... shape) {
        int size = Float.BYTES;
        List<Integer> lengths = new ArrayList<>();
        for (int length : shape) {
            size *= length;
            lengths.add(length);
        }
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (first + i);
        }
        return new NamedTensor(name, new Tensor(lengths, DType.FLOAT32, ByteBuffer.wrap(bytes)));
    }

    private static Network network() {
        return Network.newBuilder()
                .setId("e/n")
                .setVersion(3)
                .setRole(NetworkRole.PRIOR)
                .setArchitecture(NetworkSpec.newBuilder().build())
                .setInputShape(List.of(3, 32, 32))
                .setClasses(10)
                .setMean(List.of(0.0))
                .setStd(List.of(1.0))
                .setParameters(List.of(tensor("a", 1, 5, 3), tensor("b", 9, 2), tensor("c", 4, 3, 3)))
                .setMomentum(List.of(tensor("a", 7, 5, 3)))
                .build();
    }

    @Test
    void aNetworkThatFitsIsOneRecord() {
        assertThat(NetworkRecords.split(network(), 1000)).containsExactly(Map.entry("e/n/3", network()));
    }

    @Test
    void aNetworkOfSeveralRecordsComesBackWhole() {
        Map<String, Network> records = NetworkRecords.split(network(), 50);
        // 60 + 8 + 36 bytes of parameters in slices of 50, and 60 of momentum; the network's own record comes last
        assertThat(records.keySet())
                .containsExactly(
                        "e/n/3/part-1", "e/n/3/part-2", "e/n/3/part-3", "e/n/3/part-4", "e/n/3/part-5", "e/n/3");
        assertThat(records.get("e/n/3").getParts()).isEqualTo(6);
        List<Network> parts = new ArrayList<>(records.values()).subList(0, 5);
        assertThat(parts).extracting(Network::getPart).containsExactly(1, 2, 3, 4, 5);
        assertThat(NetworkRecords.join(records.get("e/n/3"), parts)).isEqualTo(network());
    }

    @Test
    void aMissingPartIsTold() {
        Map<String, Network> records = NetworkRecords.split(network(), 50);
        List<Network> parts = new ArrayList<>(records.values()).subList(1, 5);
        assertThatThrownBy(() -> NetworkRecords.join(records.get("e/n/3"), parts))
                .isInstanceOf(InvalidRecordException.class)
                .hasMessageContaining("e/n/3 hold 54 bytes");
    }
}
