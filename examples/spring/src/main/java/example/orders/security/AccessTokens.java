package example.orders.security;

import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.proc.SecurityContext;
import example.orders.Settings;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2ErrorCodes;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.MappedJwtClaimSetConverter;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.util.StringUtils;

/** How access tokens are verified: the rules of RFC 9068, one algorithm, no leeway, and then the status. */
@Configuration
class AccessTokens {

    static final OAuth2Error EXPIRED = new OAuth2Error("token_expired");
    static final OAuth2Error REVOKED = new OAuth2Error("token_revoked");
    static final OAuth2Error INVALID = new OAuth2Error(OAuth2ErrorCodes.INVALID_TOKEN);

    /** What is signed. One algorithm, chosen by us: never the one that a token asks for. */
    static NimbusJwtDecoder decoder(JWKSource<SecurityContext> keys, OAuth2TokenValidator<Jwt> validator) {
        NimbusJwtDecoder decoder = NimbusJwtDecoder.withJwkSource(keys).jwsAlgorithm(SignatureAlgorithm.ES256).build();
        // As it stands in the token: read as a URL, HTTPS://… would be the same issuer.
        decoder.setClaimSetConverter(MappedJwtClaimSetConverter.withDefaults(Map.of(JwtClaimNames.ISS, issuer -> issuer)));
        decoder.setJwtValidator(validator);
        return decoder;
    }

    @Bean
    JwtDecoder accessTokenDecoder(Settings settings, IssuerKeys keys, StatusLists statusLists, InstantSource clock) {
        OAuth2TokenValidator<Jwt> claims = claims(settings, clock);
        return decoder(keys, token -> {
            OAuth2TokenValidatorResult result = claims.validate(token);
            // A token that is refused needs no status.
            return result.hasErrors() ? result : statusLists.validate(token);
        });
    }

    @Bean
    InstantSource clock() {
        return InstantSource.system();
    }

    /** The type keeps out what has the same keys and the same issuer and is no access token, such as an ID token (RFC 9068 §4). */
    private static OAuth2TokenValidator<Jwt> claims(Settings settings, InstantSource clock) {
        return JwtValidators.createAtJwtValidator()
                .issuer(settings.issuer().toString())
                .audience(settings.audience())
                .validators(validators -> {
                    // In the place of those that allow a minute: one clock tells when a token ends.
                    validators.put(JwtClaimNames.EXP, notExpired(clock));
                    validators.put(JwtClaimNames.IAT, rule(token -> token.getIssuedAt() != null));
                    validators.put(JwtClaimNames.NBF, rule(token -> !isAfter(token.getNotBefore(), clock.instant())));
                    validators.put(JwtClaimNames.SUB, rule(token -> StringUtils.hasText(token.getSubject())));
                    // Or a token without would go with any of the keys.
                    validators.put("kid", rule(token -> token.getHeaders().get("kid") instanceof String kid && !kid.isEmpty()));
                    validators.put("roles", rule(token -> token.getClaims().getOrDefault("roles", List.of()) instanceof List));
                })
                .build();
    }

    static OAuth2TokenValidator<Jwt> notExpired(InstantSource clock) {
        return token -> {
            if (token.getExpiresAt() == null) {
                return OAuth2TokenValidatorResult.failure(INVALID);
            }
            boolean isOver = !clock.instant().isBefore(token.getExpiresAt());
            return isOver ? OAuth2TokenValidatorResult.failure(EXPIRED) : OAuth2TokenValidatorResult.success();
        };
    }

    static OAuth2TokenValidator<Jwt> rule(Predicate<Jwt> holds) {
        return token -> holds.test(token) ? OAuth2TokenValidatorResult.success() : OAuth2TokenValidatorResult.failure(INVALID);
    }

    private static boolean isAfter(Instant claimed, Instant now) {
        return claimed != null && claimed.isAfter(now);
    }
}
