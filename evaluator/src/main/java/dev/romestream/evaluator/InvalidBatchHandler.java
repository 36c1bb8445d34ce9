package dev.romestream.evaluator;

import dev.romestream.messaging.failure.UnprocessableException;
import java.util.Map;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.errors.ProcessingExceptionHandler;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends batches that make no sense to the dead letters and goes on; any other failure ends the thread, which is replaced and tries again. */
public final class InvalidBatchHandler implements ProcessingExceptionHandler {
    private static final Logger log = LoggerFactory.getLogger(InvalidBatchHandler.class);

    private final LogAndContinueProcessingExceptionHandler deadLetters = new LogAndContinueProcessingExceptionHandler();

    @Override
    public Response handleError(ErrorHandlerContext context, Record<?, ?> record, Exception exception) {
        if (exception instanceof UnprocessableException) {
            return deadLetters.handleError(context, record, exception);
        }
        log.error("Offset {} of {} could not be scored", context.offset(), context.topic(), exception);
        return Response.fail();
    }

    @Override
    public void configure(Map<String, ?> configs) {
        deadLetters.configure(configs);
    }
}
