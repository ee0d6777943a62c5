package example.orders;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handstamp.testing.DevIssuer;
import dev.handstamp.testing.DevIssuer.Operation;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Every bad token against every operation, sent to the service as it runs. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class ClosedTest {

    private static final DevIssuer AUTH = DevIssuer.start("orders");

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

        // Status lists do not tell of changed roles: the guide has the table.
        assertThat(AUTH.attack("http://127.0.0.1:" + port, token, Set.of("revoked/roles-changed"),
                new Operation("GET /orders"),
                new Operation("GET /orders/1"),
                new Operation("POST /orders", Map.of("item", "Lamp", "quantity", 2), true),
                new Operation("DELETE /orders/1", null, true))).isEmpty();
    }

    @Test
    void anOperationThatIsOpenOnPurposeIsFound() {
        String token = AUTH.token(Map.of());

        assertThat(AUTH.attack("http://127.0.0.1:" + port, token, Set.of(), new Operation("GET /health/live")))
                .anyMatch(line -> line.contains("credentials/none"));
    }
}
