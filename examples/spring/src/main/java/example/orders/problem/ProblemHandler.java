package example.orders.problem;

import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Every error of a handler leaves as a problem; what nobody expected says nothing about itself. */
@RestControllerAdvice
class ProblemHandler extends ResponseEntityExceptionHandler {

    private static final Logger LOG = LoggerFactory.getLogger(ProblemHandler.class);

    @ExceptionHandler
    ResponseEntity<Object> refused(ProblemException refusal) {
        return refusal.problem().response();
    }

    @ExceptionHandler
    ResponseEntity<Object> unexpected(RuntimeException error) {
        LOG.error("a request failed", error);
        return Problem.of(Code.INTERNAL).response();
    }

    @Override
    protected ResponseEntity<Object> handleMethodArgumentNotValid(
            MethodArgumentNotValidException error, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        List<Problem.FieldError> errors = error.getFieldErrors().stream()
                .map(wrong -> new Problem.FieldError("/" + wrong.getField(), "It " + wrong.getDefaultMessage() + "."))
                .toList();
        return Problem.invalid(errors).response();
    }

    @Override
    protected ResponseEntity<Object> handleHttpMessageNotReadable(
            HttpMessageNotReadableException error, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return unreadable(error.getCause()).response();
    }

    private static Problem unreadable(Throwable cause) {
        if (cause instanceof StreamConstraintsException || cause != null && cause.getCause() instanceof StreamConstraintsException) {
            return Problem.of(Code.BODY_TOO_LARGE);
        }
        if (cause instanceof DatabindException wrong) {
            String detail = wrong instanceof UnrecognizedPropertyException ? "There is no such member." : "The value is not right.";
            return Problem.invalid(List.of(new Problem.FieldError(pointer(wrong), detail)));
        }
        return Problem.of(Code.BODY_MALFORMED);
    }

    /** Writes a place as a JSON Pointer (RFC 6901). */
    private static String pointer(DatabindException error) {
        return error.getPath().stream()
                .map(step -> "/" + String.valueOf(step.getPropertyName()).replace("~", "~0").replace("/", "~1"))
                .collect(Collectors.joining());
    }

    /** What the framework itself refuses. */
    @Override
    protected ResponseEntity<Object> handleExceptionInternal(
            Exception error, Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        Code code = switch (status.value()) {
            case 404 -> Code.NOT_FOUND;
            case 405 -> Code.METHOD_NOT_ALLOWED;
            case 406 -> Code.NOT_ACCEPTABLE;
            case 413 -> Code.BODY_TOO_LARGE;
            case 415 -> Code.UNSUPPORTED_MEDIA_TYPE;
            default -> status.is4xxClientError() ? Code.BODY_MALFORMED : Code.INTERNAL;
        };
        if (code == Code.INTERNAL) {
            LOG.error("a request failed", error);
        }
        return Problem.of(code).response();
    }
}
