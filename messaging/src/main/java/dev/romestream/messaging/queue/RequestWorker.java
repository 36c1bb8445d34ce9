package dev.romestream.messaging.queue;

import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.failure.UnprocessableException;
import dev.romestream.messaging.serde.Decoder;
import dev.romestream.schemas.Ranges;
import java.util.List;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A worker on requests of one type: what is no such request, or out of its ranges, never reaches it. */
public abstract class RequestWorker<T extends SpecificRecord> implements WorkQueue.Worker, AutoCloseable {
    private final Class<T> type;
    private final Decoder decoder;

    protected RequestWorker(RomeConfig config, Class<T> type) {
        this.type = type;
        this.decoder = new Decoder(config);
    }

    /** Does the work and answers, under the rules of {@link WorkQueue.Worker#process}. */
    protected abstract void carryOut(T request);

    /** Answers a request that is given up. */
    protected abstract void answerFailure(T request, String reason);

    @Override
    public final void process(ConsumerRecord<String, byte[]> record) {
        carryOut(decode(record));
    }

    @Override
    public final void givenUp(ConsumerRecord<String, byte[]> record, Throwable reason) {
        T request;
        try {
            request = decode(record);
        } catch (RuntimeException e) {
            if (Fault.of(e) == Fault.PERMANENT) {
                return;
            }
            throw e;
        }
        answerFailure(request, String.valueOf(reason.getMessage()));
    }

    private T decode(ConsumerRecord<String, byte[]> record) {
        T request = decoder.decode(record, type);
        if (request == null) {
            throw new UnprocessableException("A " + type.getSimpleName() + " is empty.");
        }
        List<String> violations = Ranges.violations(request);
        if (!violations.isEmpty()) {
            throw new UnprocessableException(type.getSimpleName() + ": " + String.join(" ", violations));
        }
        return request;
    }

    @Override
    public void close() {
        decoder.close();
    }
}
