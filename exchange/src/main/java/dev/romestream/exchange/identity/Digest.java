package dev.romestream.exchange.identity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.avro.generic.IndexedRecord;

/** SHA-256 over a sequence of parts, each with its length, for ids that are derived from what they name. */
public final class Digest {
    private final MessageDigest sha;

    public Digest() {
        try {
            this.sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    public Digest add(byte[] part) {
        sha.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
        sha.update(part);
        return this;
    }

    public Digest add(String part) {
        return add(part.getBytes(StandardCharsets.UTF_8));
    }

    public Digest add(long part) {
        return add(ByteBuffer.allocate(Long.BYTES).putLong(part).array());
    }

    /** Adds a record in its {@link CanonicalEncoding}. */
    public Digest add(IndexedRecord part) {
        return add(CanonicalEncoding.of(part));
    }

    /** 64 hexadecimal digits. */
    public String hex() {
        return HexFormat.of().formatHex(sha.digest());
    }

    /** The first 12 hexadecimal digits, for names that people read. */
    public String shortHex() {
        return hex().substring(0, 12);
    }
}
