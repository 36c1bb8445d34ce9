package dev.romestream.messaging.streams;

import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.errors.DeserializationExceptionHandler;
import org.apache.kafka.streams.errors.ErrorHandlerContext;

/**
 * What becomes of a record that a topology cannot decode: the dead letters, and on. Streams decodes a record before it processes
 * the one before it, and after a failure decodes it again; what is kept already is not kept once more.
 */
public final class DeserializationFaultHandler implements DeserializationExceptionHandler {
    private StreamLetters letters;

    @Override
    public Response handleError(
            ErrorHandlerContext context, ConsumerRecord<byte[], byte[]> record, Exception exception) {
        return Response.resume(letters.of(context, exception));
    }

    @Override
    public void configure(Map<String, ?> configs) {
        letters = StreamLetters.of(configs);
    }
}
