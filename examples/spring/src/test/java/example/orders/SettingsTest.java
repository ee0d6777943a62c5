package example.orders;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class SettingsTest {

    private static ApplicationContextRunner told(String issuer) {
        return new ApplicationContextRunner()
                .withUserConfiguration(Told.class)
                .withPropertyValues("orders.issuer=" + issuer, "orders.audience=orders", "orders.cookie-name=at");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://auth.example", "http://localhost:8800", "http://127.0.0.1:8800", "http://[::1]:8800"})
    void anIssuerIsAskedOverHttpsOrOnThisMachine(String issuer) {
        told(issuer).run(context -> assertThat(context.getBean(Settings.class).issuer()).hasToString(issuer));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "http://auth.example", "http://localhost.evil.example", "ftp://localhost", "auth.example", "https:auth"})
    void anyOtherIssuerStopsTheServiceBeforeItListens(String issuer) {
        told(issuer).run(context -> assertThat(context).hasFailed());
    }

    @Configuration
    @EnableConfigurationProperties(Settings.class)
    static class Told {
    }
}
