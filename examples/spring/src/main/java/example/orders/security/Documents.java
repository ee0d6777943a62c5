package example.orders.security;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.stereotype.Component;

/** Fetches documents of a size that documents have. Redirects are not followed: what is fetched is believed for where it is from. */
@Component
class Documents {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final int MAX_BYTES = 4 << 20;

    private final Duration timeout;
    private final HttpClient client;

    Documents() {
        this(TIMEOUT);
    }

    Documents(Duration timeout) {
        this.timeout = timeout;
        this.client = HttpClient.newBuilder().connectTimeout(timeout).followRedirects(HttpClient.Redirect.NEVER).build();
    }

    String fetch(URI uri, String accept) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(uri).header("Accept", accept).build();
        Body body = new Body();
        CompletableFuture<HttpResponse<Void>> asked = client.sendAsync(
                request, HttpResponse.BodyHandlers.ofByteArrayConsumer(part -> part.ifPresent(body::add)));
        try {
            // Not the request's own timeout, which is over with the headers: others wait until the last byte is there.
            int status = asked.get(timeout.toMillis(), TimeUnit.MILLISECONDS).statusCode();
            if (status != 200) {
                throw new IOException("%s answered %d".formatted(uri, status));
            }
            return body.bytes.toString(StandardCharsets.UTF_8);
        } catch (ExecutionException error) {
            throw new IOException("%s cannot be fetched: %s".formatted(uri, error.getCause()), error);
        } catch (TimeoutException late) {
            throw new IOException("%s did not answer in time".formatted(uri), late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("%s was not waited for".formatted(uri), interrupted);
        } finally {
            asked.cancel(true);
        }
    }

    /** What has come so far. */
    private static final class Body {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private void add(byte[] part) {
            if (bytes.size() + part.length > MAX_BYTES) {
                throw new IllegalStateException("it is too long");
            }
            bytes.writeBytes(part);
        }
    }
}
