package example.orders.security;

import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.OptionalInt;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A Token Status List (draft-ietf-oauth-status-list) that was verified.
 *
 * @param freshUntil from then on another one is asked for
 * @param expires    from then on it is not believed
 */
record StatusList(int bits, byte[] statuses, Instant freshUntil, Instant expires) {

    /** Sixteen times the list of a million sessions with two bits. What unpacks to more is meant to hurt. */
    private static final int MAX_BYTES = 4 << 20;

    private static final Set<Integer> BITS = Set.of(1, 2, 4, 8);

    /** Returns the list, if it is one. */
    static StatusList unpack(int bits, String packed, Instant freshUntil, Instant expires) {
        if (!BITS.contains(bits)) {
            throw new IllegalArgumentException("a status of %d bits".formatted(bits));
        }
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(Base64.getUrlDecoder().decode(packed));
            byte[] statuses = new byte[MAX_BYTES];
            int length = inflater.inflate(statuses);
            if (!inflater.finished()) {
                throw new IllegalArgumentException("the list is cut short, or too long");
            }
            return new StatusList(bits, Arrays.copyOf(statuses, length), freshUntil, expires);
        } catch (DataFormatException error) {
            throw new IllegalArgumentException("the list cannot be unpacked", error);
        } finally {
            inflater.end();
        }
    }

    /** Returns the status at a place, if the list has it. The lowest bits of a byte come first. */
    OptionalInt status(long index) {
        long at = index * bits / 8;
        if (index < 0 || index > Integer.MAX_VALUE || at >= statuses.length) {
            return OptionalInt.empty();
        }
        int shift = (int) (index * bits % 8);
        return OptionalInt.of(statuses[(int) at] >> shift & (1 << bits) - 1);
    }
}
