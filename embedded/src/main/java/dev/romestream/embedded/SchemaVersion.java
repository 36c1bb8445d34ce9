package dev.romestream.embedded;

/** One schema registered under one subject. The form in which {@code _schemas} keeps it. */
record SchemaVersion(String subject, int version, int id, String schema, boolean deleted) {
    SchemaVersion asDeleted() {
        return new SchemaVersion(subject, version, id, schema, true);
    }
}
