package example.orders.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/**
 * An error as the auth service tells it: {@code application/problem+json} (RFC 9457) with a stable code, and the challenge of
 * RFC 6750.
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Problem(int status, Code code, String title, String detail, List<FieldError> errors) {

    private static final String RETRY_AFTER_SECONDS = "1";

    /** A wrong place in a body, by a JSON Pointer. */
    public record FieldError(String pointer, String detail) {
    }

    /** Returns a problem that says more about this one occurrence, where there is more to say. */
    public static Problem of(Code code, String detail) {
        return new Problem(code.status.value(), code, code.title, detail, List.of());
    }

    /** Returns a problem with nothing to add to its code. */
    public static Problem of(Code code) {
        return of(code, null);
    }

    /** Returns a problem that names every wrong place of a body. */
    public static Problem invalid(List<FieldError> errors) {
        Code code = Code.VALIDATION_FAILED;
        return new Problem(code.status.value(), code, code.title, null, errors);
    }

    /** Returns the headers that go with it. */
    public HttpHeaders headers() {
        HttpHeaders headers = new HttpHeaders();
        headers.setContentType(MediaType.APPLICATION_PROBLEM_JSON);
        headers.setCacheControl(CacheControl.noStore());
        String challenge = challenge();
        if (challenge != null) {
            headers.set(HttpHeaders.WWW_AUTHENTICATE, challenge);
        }
        if (code == Code.UNAVAILABLE) {
            headers.set(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        return headers;
    }

    /** Returns the whole reply. */
    public ResponseEntity<Object> response() {
        return new ResponseEntity<>(this, headers(), code.status);
    }

    /** Returns what goes into {@code WWW-Authenticate} (RFC 6750 §3), where the refusal is about credentials. */
    private String challenge() {
        return switch (code) {
            case TOKEN_MISSING -> "Bearer";
            case TOKEN_MALFORMED, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_INVALID -> challenge("invalid_token");
            case ROLE_REQUIRED, CALLER_MISMATCH, ORG_MISMATCH -> challenge("insufficient_scope");
            default -> null;
        };
    }

    private String challenge(String error) {
        return "Bearer error=\"%s\", error_description=\"%s\"".formatted(error, code);
    }
}
