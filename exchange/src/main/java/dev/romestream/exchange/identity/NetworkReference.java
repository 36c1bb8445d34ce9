package dev.romestream.exchange.identity;

import dev.romestream.schemas.AttackRequest;
import dev.romestream.schemas.Evaluation;
import dev.romestream.schemas.NetworkVersion;

/**
 * Which network, and with which parameters.
 *
 * @param digest of {@link Identity#network}; empty for whichever parameters stand under the id and version
 */
public record NetworkReference(String id, int version, String digest) {

    public static NetworkReference of(NetworkVersion network) {
        return new NetworkReference(network.getNetwork(), network.getVersion(), network.getDigest());
    }

    /** The network that a request is to attack. */
    public static NetworkReference of(AttackRequest request) {
        return new NetworkReference(request.getNetwork(), request.getVersion(), request.getDigest());
    }

    /** The network that an evaluation is of. */
    public static NetworkReference victim(Evaluation evaluation) {
        return new NetworkReference(evaluation.getVictim(), evaluation.getVersion(), evaluation.getDigest());
    }

    /** The key on {@code networks}. */
    public String key() {
        return key(id, version);
    }

    /** The key of a network on its topic. */
    public static String key(String id, int version) {
        return id + "/" + version;
    }

    /** Whether parameters of this digest are meant. */
    public boolean means(String found) {
        return digest.isEmpty() || digest.equals(found);
    }
}
