package dev.romestream.exchange.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.romestream.schemas.AttackSpec;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.generic.IndexedRecord;
import org.junit.jupiter.api.Test;

class CanonicalEncodingTest {
    private static Map<String, Double> parameters(String... names) {
        Map<String, Double> parameters = new LinkedHashMap<>();
        for (String name : names) {
            parameters.put(name, (double) name.length());
        }
        return parameters;
    }

    private static AttackSpec attack(Map<String, Double> parameters) {
        return AttackSpec.newBuilder()
                .setAttack("cw")
                .setSpace(dev.romestream.schemas.Space.PIXEL)
                .setParameters(parameters)
                .build();
    }

    @Test
    void theOrderOfAMapDoesNotMatter() {
        byte[] one = CanonicalEncoding.of(attack(parameters("c", "kappa", "learningRate", "searchSteps")));
        byte[] other = CanonicalEncoding.of(attack(parameters("searchSteps", "learningRate", "kappa", "c")));
        assertThat(one).isEqualTo(other);
        assertThat(CanonicalEncoding.of(attack(parameters("c")))).isNotEqualTo(one);
    }

    private static IndexedRecord row(Schema schema, Map<String, ?> values) {
        GenericRecordBuilder builder = new GenericRecordBuilder(schema);
        values.forEach(builder::set);
        GenericData.Record record = builder.build();
        return record;
    }

    @Test
    void aFieldThatIsAddedWithADefaultChangesNoIdUntilItSaysSomethingElse() {
        Schema before = SchemaBuilder.record("r.Row")
                .fields()
                .requiredInt("b")
                .requiredString("a")
                .endRecord();
        Schema after = SchemaBuilder.record("r.Row")
                .fields()
                .requiredString("a")
                .name("added")
                .type()
                .intType()
                .intDefault(3)
                .requiredInt("b")
                .endRecord();
        byte[] old = CanonicalEncoding.of(row(before, Map.of("a", "x", "b", 1)));
        assertThat(CanonicalEncoding.of(row(after, Map.of("a", "x", "b", 1)))).isEqualTo(old);
        assertThat(CanonicalEncoding.of(row(after, Map.of("a", "x", "b", 1, "added", 4))))
                .isNotEqualTo(old);
    }

    /** By hand: r, the record's name, one field, its name, and an int. */
    @Test
    void theBytesAreTheseInEveryJvm() {
        Schema schema = SchemaBuilder.record("R").fields().requiredInt("a").endRecord();
        assertThat(HexFormat.of().formatHex(CanonicalEncoding.of(row(schema, Map.of("a", 5)))))
                .isEqualTo("00000010"
                        + HexFormat.of().formatHex("rome-canonical-1".getBytes(java.nio.charset.StandardCharsets.UTF_8))
                        + "72" + "00000001" + "52" + "00000001" + "00000001" + "61" + "69" + "0000000000000005");
    }
}
