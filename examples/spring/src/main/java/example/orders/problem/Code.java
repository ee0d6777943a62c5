package example.orders.problem;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.springframework.http.HttpStatus;

/** What clients branch on. docs/reference/errors.md has all of them. */
public enum Code {
    TOKEN_MISSING(HttpStatus.UNAUTHORIZED, "No credentials were sent."),
    TOKEN_MALFORMED(HttpStatus.UNAUTHORIZED, "What was sent is not a token."),
    TOKEN_EXPIRED(HttpStatus.UNAUTHORIZED, "The token has expired."),
    TOKEN_REVOKED(HttpStatus.UNAUTHORIZED, "The token was revoked."),
    TOKEN_INVALID(HttpStatus.UNAUTHORIZED, "The token is not valid here."),
    CSRF_REJECTED(HttpStatus.FORBIDDEN, "The request did not come from an allowed origin."),
    ROLE_REQUIRED(HttpStatus.FORBIDDEN, "A role is missing for this."),
    CALLER_MISMATCH(HttpStatus.FORBIDDEN, "This is for another kind of caller."),
    ORG_MISMATCH(HttpStatus.FORBIDDEN, "This belongs to another organisation."),
    VALIDATION_FAILED(HttpStatus.UNPROCESSABLE_CONTENT, "The request is not valid."),
    BODY_MALFORMED(HttpStatus.BAD_REQUEST, "The body could not be read."),
    BODY_TOO_LARGE(HttpStatus.CONTENT_TOO_LARGE, "The body is too large."),
    UNSUPPORTED_MEDIA_TYPE(HttpStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json."),
    NOT_FOUND(HttpStatus.NOT_FOUND, "There is nothing here."),
    METHOD_NOT_ALLOWED(HttpStatus.METHOD_NOT_ALLOWED, "This method is not allowed here."),
    NOT_ACCEPTABLE(HttpStatus.NOT_ACCEPTABLE, "There is no answer of a type that would be accepted."),
    UNAVAILABLE(HttpStatus.SERVICE_UNAVAILABLE, "The service cannot answer just now. Try again."),
    INTERNAL(HttpStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side.");

    final HttpStatus status;
    final String title;

    Code(HttpStatus status, String title) {
        this.status = status;
        this.title = title;
    }

    /** Returns the code as it is written. */
    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
