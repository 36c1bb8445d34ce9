package dev.romestream.messaging.streams;

import dev.romestream.messaging.failure.Fault;
import java.util.Map;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
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

    private StreamLetters letters;

    @Override
    public Response handleError(ErrorHandlerContext context, Record<?, ?> record, Exception exception) {
        switch (Fault.of(exception)) {
            case TRANSIENT, SICK_WORKER -> {
                return Response.fail();
            }
            case UNFORESEEN -> log.error("Offset {} of {}", context.offset(), context.topic(), exception);
            case PERMANENT -> log.debug("Offset {} of {}", context.offset(), context.topic(), exception);
        }
        return Response.resume(letters.of(context, exception));
    }

    @Override
    public void configure(Map<String, ?> configs) {
        letters = StreamLetters.of(configs);
    }
}
