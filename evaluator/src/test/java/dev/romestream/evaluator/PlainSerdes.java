package dev.romestream.evaluator;

import dev.romestream.messaging.streams.Write;
import dev.romestream.schemas.Alert;
import dev.romestream.schemas.AlertSeries;
import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.EvaluationState;
import dev.romestream.schemas.Experiment;
import dev.romestream.schemas.FlatFigure;
import dev.romestream.schemas.PlannedEvaluation;
import dev.romestream.schemas.PlannerEvent;
import dev.romestream.schemas.RobustnessMetrics;
import dev.romestream.schemas.Tally;
import dev.romestream.schemas.TallyEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** Avro with its schema known beforehand: the registry is tested elsewhere. */
public final class PlainSerdes {
    private static final List<Schema> SCHEMAS = List.of(
            RobustnessMetrics.SCHEMA$,
            Tally.SCHEMA$,
            Evaluation.SCHEMA$,
            EvaluationState.SCHEMA$,
            PlannedEvaluation.SCHEMA$,
            DatasetDescriptor.SCHEMA$,
            FlatFigure.SCHEMA$,
            TallyEvent.SCHEMA$,
            AttackRequest.SCHEMA$,
            PlannerEvent.SCHEMA$,
            Experiment.SCHEMA$,
            AlertSeries.SCHEMA$,
            Alert.SCHEMA$);

    private PlainSerdes() {}

    public static <T extends SpecificRecord> Serde<T> create() {
        return Serdes.serdeFrom((topic, value) -> write(value), (topic, bytes) -> read(bytes));
    }

    public static <T extends SpecificRecord> byte[] write(T value) {
        if (value == null) {
            return null;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(SCHEMAS.indexOf(value.getSchema()));
        try {
            new SpecificDatumWriter<T>(value.getSchema(), SpecificData.get())
                    .write(value, EncoderFactory.get().directBinaryEncoder(out, null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Of what is written, the records. */
    public static Serializer<Write> writes() {
        return (topic, write) -> write(write.record());
    }

    @SuppressWarnings("TypeParameterUnusedInFormals")
    private static <T extends SpecificRecord> T read(byte[] bytes) {
        if (bytes == null) {
            return null;
        }
        Schema schema = SCHEMAS.get(bytes[0]);
        try {
            return new SpecificDatumReader<T>(schema, schema, SpecificData.get())
                    .read(null, DecoderFactory.get().binaryDecoder(bytes, 1, bytes.length - 1, null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
