package example.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.net.httpserver.HttpServer;
import dev.handstamp.testing.DevIssuer;
import dev.handstamp.testing.DevIssuer.Operation;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Every bad token against every operation, sent to the service as it runs. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class ClosedTest {

    private static final DevIssuer AUTH = DevIssuer.start("orders");
    /** Status lists do not tell of changed roles: the guide has the table. */
    private static final String NOT_TOLD = "revoked/roles-changed";

    @Value("${local.server.port}")
    private int port;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry settings) {
        settings.add("orders.issuer", AUTH::url);
    }

    @AfterAll
    static void stop() {
        AUTH.close();
    }

    @Test
    void noOperationLetsABadTokenPass() {
        String token = AUTH.token(Map.of("sub", "ben", "org_id", "acme", "roles", List.of("buyer", "admin")));

        assertThat(AUTH.attack(url(), token).without(NOT_TOLD).on(
                new Operation("GET /orders"),
                new Operation("GET /orders/1"),
                new Operation("POST /orders", Map.of("item", "Lamp", "quantity", 2), true),
                new Operation("DELETE /orders/1", null, true))).isEmpty();
    }

    @Test
    void whatIsOpenIsNotThereOrCannotBeJudgedIsFound() {
        String token = AUTH.token(Map.of("org_id", "acme", "roles", List.of("buyer")));

        assertThat(AUTH.attack(url(), token).on(new Operation("GET /health/live"))).anyMatch(line -> line.contains("credentials/none"));
        assertThat(AUTH.attack(url(), token).on(new Operation("GET /ordres")))
                .containsExactly("GET /ordres answered 404 to the good token, as where nothing is: "
                        + "name an operation that is there, on something that is there");
        assertThat(AUTH.attack(url(), token).modes("bearer").without(NOT_TOLD).on(new Operation("GET /orders", null, true)))
                .anyMatch(line -> line.contains("rights/no-roles"));
        assertThat(AUTH.attack(url(), token).cookie("another").modes("cookie").on(new Operation("GET /orders")))
                .singleElement().asString().startsWith("GET /orders answered 401 to the good token in the cookie another");
        assertThat(AUTH.attack(url(), token).without(NOT_TOLD).on(new Operation("DELETE /orders/1")))
                .singleElement().asString().startsWith("DELETE /orders/1 answered 403 to the good token as bearer");
    }

    @Test
    void aServiceThatRefusesTheGoodTokenInTheEndHasShownNothing() throws IOException {
        // Nobody ever looks at the token: the first request is let in, whoever sends it, and none after that.
        AtomicBoolean isLocked = new AtomicBoolean();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(isLocked.getAndSet(true) ? 401 : 200, -1);
            exchange.close();
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + server.getAddress().getPort();
            assertThat(AUTH.attack(url, AUTH.token(Map.of())).modes("bearer").on(new Operation("GET /")))
                    .singleElement().asString().startsWith("GET / answered 401 to the good token as bearer after the bad ones");
        } finally {
            server.stop(0);
        }
    }

    @Test
    @Timeout(60)
    void anEventStreamHasNoEndAndIsNotWaitedFor() throws IOException {
        String token = AUTH.token(Map.of());
        HttpServer events = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        events.createContext("/", exchange -> {
            if (("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().write(": hello\n\n".getBytes(StandardCharsets.UTF_8));
                exchange.getResponseBody().flush();
            } else {
                exchange.sendResponseHeaders(401, -1);
                exchange.close();
            }
        });
        events.start();
        try {
            String url = "http://127.0.0.1:" + events.getAddress().getPort();
            assertThat(AUTH.attack(url, token).modes("bearer").on(new Operation("GET /events"))).isEmpty();
        } finally {
            events.stop(0);
        }
    }

    @Test
    void anAttackOnNothingIsAMistakeAndSoIsAnOperationWithoutAMethod() {
        assertThatIllegalArgumentException().isThrownBy(() -> AUTH.attack(url(), "").on()).withMessageContaining("nothing is attacked");
        assertThatIllegalArgumentException().isThrownBy(() -> new Operation("/orders")).withMessageContaining("is no operation");
    }

    private String url() {
        return "http://127.0.0.1:" + port;
    }
}
