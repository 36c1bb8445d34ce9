package dev.romestream.messaging.streams;

import dev.romestream.messaging.failure.Fault;
import dev.romestream.messaging.topic.KeptLetters;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.errors.ProcessingExceptionHandler;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a record that a topology cannot process: the dead letters, and on; but where something is away or the worker is
 * sick, the record is processed again.
 */
public final class ProcessingFaultHandler implements ProcessingExceptionHandler {
    private static final Logger log = LoggerFactory.getLogger(ProcessingFaultHandler.class);

    /** Setting with the {@link KeptLetters}, as an object: what is among them is not kept again. */
    static final String KEPT_LETTERS = "rome.kept.letters";

    private final LogAndContinueProcessingExceptionHandler deadLetters = new LogAndContinueProcessingExceptionHandler();
    private Optional<KeptLetters> kept = Optional.empty();

    @Override
    public Response handleError(ErrorHandlerContext context, Record<?, ?> record, Exception exception) {
        switch (Fault.of(exception)) {
            case TRANSIENT, SICK_WORKER -> {
                return Response.fail();
            }
            case UNFORESEEN -> log.error("Offset {} of {}", context.offset(), context.topic(), exception);
            case PERMANENT -> log.debug("Offset {} of {}", context.offset(), context.topic(), exception);
        }
        return kept.filter(letters -> letters.containsNow(context.topic(), context.partition(), context.offset()))
                .map(letters -> Response.resume())
                .orElseGet(() -> deadLetters.handleError(context, record, exception));
    }

    @Override
    public void configure(Map<String, ?> configs) {
        kept = Optional.ofNullable((KeptLetters) configs.get(KEPT_LETTERS));
        deadLetters.configure(configs);
    }
}
