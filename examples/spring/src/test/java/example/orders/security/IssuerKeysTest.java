package example.orders.security;

import static org.assertj.core.api.Assertions.assertThat;

import example.orders.AuthService;
import example.orders.Settings;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IssuerKeysTest {

    private final AuthService auth = new AuthService();
    private final Settings settings = new Settings(URI.create(auth.url), "orders", "at", Set.of(), "127.0.0.1");
    private final Instant began = Instant.now();
    private volatile Duration passed = Duration.ZERO;
    private final IssuerKeys keys = new IssuerKeys(settings, new Documents(), () -> began.plus(passed));

    @AfterEach
    void stop() {
        auth.close();
    }

    private void isAwayFor(Duration time) {
        auth.isAway = true;
        auth.whenAway = () -> passed = passed.plus(time);
        assertThat(keys.areAvailable()).isFalse();
        auth.isAway = false;
    }

    @Test
    void thoseWhoWaitedForAnAnswerThatNeverCameDoNotWaitOnceMoreEach() {
        isAwayFor(Duration.ofSeconds(5));

        assertThat(keys.areAvailable()).isFalse();
        assertThat(auth.asked).hasSize(1);
    }

    @Test
    void anAuthServiceThatNamesNoKeysHasNone() {
        auth.namesKeys = false;

        assertThat(keys.areAvailable()).isFalse();
    }

    @Test
    void anAuthServiceThatWasAwayIsAskedAgainASecondLater() {
        isAwayFor(Duration.ofSeconds(5));

        passed = passed.plusSeconds(1);
        assertThat(keys.areAvailable()).isTrue();
    }
}
