package example.orders.security;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONObjectUtils;
import example.orders.Settings;
import java.io.IOException;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.util.UriComponentsBuilder;

/** The auth service's public keys. Its address is all that is known; the rest is discovered (RFC 8414) when it is first needed. */
@Component
public class IssuerKeys implements JWKSource<SecurityContext> {

    /** Keys are published ahead of their use. A third of that time is how long they may be kept, so that none is missed. */
    private static final Duration KEYS_LAST = Duration.ofMinutes(5);

    /** Keys are fetched twice in this time at most: neither tokens that name unknown ones nor an outage make us ask without end. */
    private static final Duration FETCH_INTERVAL = Duration.ofSeconds(5);

    private static final Duration FETCH_TIMEOUT = Duration.ofSeconds(10);

    private final JWKSource<SecurityContext> keys;

    IssuerKeys(Settings settings, Documents documents, InstantSource clock) {
        this.keys = JWKSourceBuilder.create(new Discovered(settings.issuer(), documents, clock))
                .cache(KEYS_LAST.toMillis(), FETCH_TIMEOUT.toMillis())
                .refreshAheadCache(false)
                .rateLimited(FETCH_INTERVAL.toMillis())
                .build();
    }

    @Override
    public List<JWK> get(JWKSelector selector, SecurityContext context) throws KeySourceException {
        return keys.get(selector, context);
    }

    /** Returns whether anything can be verified. */
    public boolean areAvailable() {
        try {
            return !get(new JWKSelector(new JWKMatcher.Builder().build()), null).isEmpty();
        } catch (KeySourceException unavailable) {
            return false;
        }
    }

    /** Where the keys come from when the cache has none. */
    private static final class Discovered implements JWKSetSource<SecurityContext> {

        private final URI issuer;
        private final Documents documents;
        private final InstantSource clock;
        private volatile URI jwksUri;
        private volatile Instant failedAt = Instant.EPOCH;

        private Discovered(URI issuer, Documents documents, InstantSource clock) {
            this.issuer = issuer;
            this.documents = documents;
            this.clock = clock;
        }

        @Override
        public JWKSet getJWKSet(JWKSetCacheRefreshEvaluator refresh, long now, SecurityContext context)
                throws KeySourceException {
            Instant asked = clock.instant();
            if (!asked.isBefore(failedAt) && asked.isBefore(failedAt.plus(StatusLists.FAILURE_COOLDOWN))) {
                throw new JWKSetUnavailableException("the auth service was away a moment ago");
            }
            try {
                if (jwksUri == null) {
                    jwksUri = discover();
                }
                return JWKSet.parse(documents.fetch(jwksUri, MediaType.APPLICATION_JSON_VALUE));
            } catch (IOException | ParseException | IllegalArgumentException error) {
                failedAt = clock.instant();
                throw new JWKSetUnavailableException(error.getMessage(), error);
            }
        }

        private URI discover() throws IOException, ParseException {
            // RFC 8414 §3.1: the issuer's path, where it has one, comes last.
            String path = issuer.getPath().replaceFirst("/$", "");
            URI uri = UriComponentsBuilder.fromUri(issuer)
                    .replacePath("/.well-known/oauth-authorization-server" + path)
                    .build()
                    .toUri();
            Map<String, Object> metadata = JSONObjectUtils.parse(documents.fetch(uri, MediaType.APPLICATION_JSON_VALUE));
            // RFC 8414 §3.3: a document that speaks for somebody else must not be used.
            if (!issuer.toString().equals(metadata.get("issuer"))) {
                throw new IOException("%s speaks for %s".formatted(uri, metadata.get("issuer")));
            }
            URI keys = JSONObjectUtils.getURI(metadata, "jwks_uri");
            if (keys == null) {
                throw new IOException("%s names no keys".formatted(uri));
            }
            return keys;
        }

        @Override
        public void close() {
            // It holds nothing open.
        }
    }
}
