package example.orders;

import jakarta.validation.constraints.AssertTrue;
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

    private static final Set<String> THIS_MACHINE = Set.of("localhost", "127.0.0.1", "[::1]");

    /** Over plain http from another machine, whoever stands between could hand us keys of their own. */
    @AssertTrue(message = "must be an https address (http only on this machine)")
    boolean isIssuerBelievable() {
        String address = issuer == null ? null : issuer.getHost();
        return address != null
                && ("https".equals(issuer.getScheme()) || "http".equals(issuer.getScheme()) && THIS_MACHINE.contains(address));
    }
}
