package example.orders.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import example.orders.AuthService;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class DocumentsTest {

    private final AuthService auth = new AuthService();

    @AfterEach
    void stop() {
        auth.close();
    }

    private String fetch(Duration timeout, String path) throws IOException {
        return new Documents(timeout).fetch(URI.create(auth.url + path), "application/json");
    }

    @Test
    void aDocumentIsFetchedWhole() throws IOException {
        assertThat(fetch(Duration.ofSeconds(5), "/jwks")).startsWith("{").endsWith("}");
    }

    /** Everybody whose token needs it waits for whoever fetches it. */
    @Test
    void aBodyThatNeverEndsIsNotWaitedFor() {
        auth.isStalled = true;

        assertThatIOException().isThrownBy(() -> fetch(Duration.ofMillis(300), "/jwks")).withMessageContaining("in time");
    }

    @Test
    void aDocumentThatIsTooLongIsRefused() {
        assertThatIOException().isThrownBy(() -> fetch(Duration.ofSeconds(10), "/too-long")).withMessageContaining("too long");
    }
}
