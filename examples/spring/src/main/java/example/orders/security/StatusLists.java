package example.orders.security;

import example.orders.Settings;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.stereotype.Component;

/**
 * Refuses tokens whose session is over. Each list is kept for its {@code ttl}, and while no other can be had until its {@code exp};
 * from then on nobody can tell, and no token is accepted.
 */
@Component
class StatusLists implements OAuth2TokenValidator<Jwt> {

    private static final Logger LOG = LoggerFactory.getLogger(StatusLists.class);

    /** Not every request waits for an auth service that is away. */
    static final Duration FAILURE_COOLDOWN = Duration.ofSeconds(1);

    private final String issuer;
    private final String prefix;
    private final IssuerKeys keys;
    private final Documents documents;
    private final InstantSource clock;
    private final Map<String, Kept> lists = new ConcurrentHashMap<>();

    StatusLists(Settings settings, IssuerKeys keys, Documents documents, InstantSource clock) {
        this.issuer = settings.issuer().toString();
        this.prefix = issuer.replaceFirst("/$", "") + "/status-lists/";
        this.keys = keys;
        this.documents = documents;
        this.clock = clock;
    }

    @Override
    public OAuth2TokenValidatorResult validate(Jwt token) {
        Map<?, ?> status = object(token.getClaims().get("status"));
        Map<?, ?> place = object(status.get("status_list"));
        // A list from elsewhere is not even fetched, or a token could make us fetch from anywhere.
        if (place.get("uri") instanceof String uri && uri.startsWith(prefix) && place.get("idx") instanceof Number index) {
            OptionalInt found = lists.computeIfAbsent(uri, Kept::new).list().status(index.longValue());
            if (found.isPresent()) {
                return found.getAsInt() == 0
                        ? OAuth2TokenValidatorResult.success()
                        : OAuth2TokenValidatorResult.failure(AccessTokens.REVOKED);
            }
        }
        return OAuth2TokenValidatorResult.failure(AccessTokens.INVALID);
    }

    private static Map<?, ?> object(Object value) {
        return value instanceof Map<?, ?> object ? object : Map.of();
    }

    /** One list, and whoever renews it. */
    private final class Kept {

        private final String uri;
        private volatile StatusList list;
        private Instant failedAt = Instant.EPOCH;

        private Kept(String uri) {
            this.uri = uri;
        }

        private StatusList list() {
            StatusList kept = list;
            return kept != null && isFresh(kept) ? kept : renewed();
        }

        /** One request asks; those that come meanwhile wait for what it gets. */
        private synchronized StatusList renewed() {
            Instant now = clock.instant();
            boolean failedJustNow = now.isBefore(failedAt.plus(FAILURE_COOLDOWN)) && !now.isBefore(failedAt);
            if ((list == null || !isFresh(list)) && !failedJustNow) {
                try {
                    list = fetch(now);
                    lists.values().removeIf(Kept::isOver);
                } catch (IOException | JwtException | IllegalArgumentException error) {
                    LOG.warn("{} cannot be renewed: {}", uri, error.getMessage());
                    // As of now, and not of the question: those who waited meanwhile shall not wait once more each.
                    failedAt = clock.instant();
                }
            }
            if (list == null || !now.isBefore(list.expires())) {
                throw new JwtException("the status of a token is not known");
            }
            return list;
        }

        private boolean isOver() {
            StatusList kept = list;
            return kept != null && !clock.instant().isBefore(kept.expires());
        }

        private boolean isFresh(StatusList kept) {
            Instant now = clock.instant();
            return now.isBefore(kept.freshUntil()) && now.isBefore(kept.expires());
        }

        private StatusList fetch(Instant askedAt) throws IOException {
            Jwt document = AccessTokens.decoder(keys, rules())
                    .decode(documents.fetch(URI.create(uri), "application/statuslist+jwt").strip());
            Map<?, ?> packed = object(document.getClaims().get("status_list"));
            if (packed.get("bits") instanceof Number bits
                    && packed.get("lst") instanceof String lst
                    && document.getClaims().get("ttl") instanceof Number ttl) {
                return StatusList.unpack(bits.intValue(), lst, askedAt.plusSeconds(ttl.longValue()), document.getExpiresAt());
            }
            throw new IllegalArgumentException("it is no status list");
        }

        private OAuth2TokenValidator<Jwt> rules() {
            return new DelegatingOAuth2TokenValidator<>(
                    new JwtTypeValidator("statuslist+jwt"),
                    new JwtIssuerValidator(issuer),
                    AccessTokens.notExpired(clock),
                    AccessTokens.rule(document -> uri.equals(document.getSubject())));
        }
    }
}
