package dev.romestream.exchange;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

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

    /** Adds the text of {@code part}; a record's is its JSON. */
    public Digest add(Object part) {
        return add(part.toString().getBytes(StandardCharsets.UTF_8));
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
