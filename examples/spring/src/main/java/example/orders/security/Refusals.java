package example.orders.security;

import example.orders.problem.Code;
import example.orders.problem.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.text.ParseException;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.authentication.InsufficientAuthenticationException;
import org.springframework.security.authorization.AuthorityAuthorizationDecision;
import org.springframework.security.authorization.AuthorizationDeniedException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Tells what Spring Security refuses in the form of every other error. */
@Component
class Refusals implements AuthenticationEntryPoint, AccessDeniedHandler {

    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

    private final JsonMapper json;

    Refusals(JsonMapper json) {
        this.json = json;
    }

    /** Nobody is known to be signed in. */
    @Override
    public void commence(HttpServletRequest request, HttpServletResponse response, AuthenticationException error)
            throws IOException {
        if (error instanceof Refusal refusal) {
            answer(response, refusal.problem());
        } else if (error instanceof AuthenticationServiceException) {
            // The token's fault is 401; that keys or lists cannot be had is ours, and says nothing about the token.
            LOG.warn("a token cannot be judged: {}", error.getMessage());
            answer(response, Problem.of(Code.UNAVAILABLE));
        } else {
            LOG.debug("refused", error);
            answer(response, Problem.of(code(error)));
        }
    }

    /** Whoever is signed in may not do this. */
    @Override
    public void handle(HttpServletRequest request, HttpServletResponse response, AccessDeniedException error)
            throws IOException {
        if (error instanceof AuthorizationDeniedException denied
                && denied.getAuthorizationResult() instanceof AuthorityAuthorizationDecision decision) {
            answer(response, Problem.of(Code.ROLE_REQUIRED, "Needs one of these roles: %s.".formatted(roles(decision.getAuthorities()))));
        } else {
            answer(response, Problem.of(Code.ROLE_REQUIRED));
        }
    }

    private static Code code(AuthenticationException error) {
        if (error instanceof InsufficientAuthenticationException) {
            return Code.TOKEN_MISSING;
        }
        if (error.getCause() instanceof JwtValidationException invalid) {
            return code(invalid.getErrors());
        }
        return isParseError(error) ? Code.TOKEN_MALFORMED : Code.TOKEN_INVALID;
    }

    /** That a token has expired, or was taken back, is said of a token that was good. */
    private static Code code(Collection<OAuth2Error> errors) {
        List<String> codes = errors.stream().map(OAuth2Error::getErrorCode).distinct().toList();
        if (codes.equals(List.of(AccessTokens.EXPIRED.getErrorCode()))) {
            return Code.TOKEN_EXPIRED;
        }
        return codes.equals(List.of(AccessTokens.REVOKED.getErrorCode())) ? Code.TOKEN_REVOKED : Code.TOKEN_INVALID;
    }

    private static boolean isParseError(Throwable error) {
        return error != null && (error instanceof ParseException || isParseError(error.getCause()));
    }

    private static String roles(Collection<GrantedAuthority> authorities) {
        return authorities.stream()
                .map(authority -> authority.getAuthority().replaceFirst("^ROLE_", ""))
                .collect(Collectors.joining(", "));
    }

    private void answer(HttpServletResponse response, Problem problem) throws IOException {
        response.setStatus(problem.status());
        problem.headers().forEach((name, values) -> values.forEach(value -> response.setHeader(name, value)));
        response.getOutputStream().write(json.writeValueAsBytes(problem));
    }
}
