package dev.romestream.messaging.streams;

import dev.romestream.messaging.topic.KeptLetters;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.errors.DeserializationExceptionHandler;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;

/**
 * What becomes of a record that a topology cannot decode: the dead letters, and on. Streams decodes a record before it processes
 * the one before it, and after a failure decodes it again; what is kept already is not kept once more.
 */
public final class DeserializationFaultHandler implements DeserializationExceptionHandler {
    private final LogAndContinueExceptionHandler deadLetters = new LogAndContinueExceptionHandler();
    private Optional<KeptLetters> kept = Optional.empty();

    @Override
    public Response handleError(
            ErrorHandlerContext context, ConsumerRecord<byte[], byte[]> record, Exception exception) {
        return kept.filter(letters -> letters.containsNow(context.topic(), context.partition(), context.offset()))
                .map(letters -> Response.resume())
                .orElseGet(() -> deadLetters.handleError(context, record, exception));
    }

    @Override
    public void configure(Map<String, ?> configs) {
        kept = Optional.ofNullable((KeptLetters) configs.get(ProcessingFaultHandler.KEPT_LETTERS));
        deadLetters.configure(configs);
    }
}
