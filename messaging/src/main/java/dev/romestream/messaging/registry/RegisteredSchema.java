package dev.romestream.messaging.registry;

import org.apache.avro.Schema;

/** A schema and the id under which a registry has it. */
public record RegisteredSchema(int id, Schema schema) {}
