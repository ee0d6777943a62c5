package example.orders;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.net.URI;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What the service is told. What is missing or wrong stops it before it listens.
 *
 * @param issuer         the auth service's URL, exactly as in the {@code iss} of its tokens
 * @param audience       the name this service goes by in {@code aud}
 * @param cookieName     where browsers keep the access token
 * @param allowedOrigins may send unsafe requests with cookies, beside the service's own
 * @param host           where it listens
 */
@Validated
@ConfigurationProperties("orders")
public record Settings(
        @NotNull URI issuer,
        @NotBlank String audience,
        @NotBlank String cookieName,
        @DefaultValue Set<String> allowedOrigins,
        @DefaultValue("127.0.0.1") String host) {
}
