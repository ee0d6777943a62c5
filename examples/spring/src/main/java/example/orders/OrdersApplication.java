package example.orders;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;

/** An orders service that verifies Handstamp's access tokens with Spring Security and reads status lists. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class OrdersApplication {

    private final Settings settings;

    OrdersApplication(Settings settings) {
        this.settings = settings;
    }

    public static void main(String[] args) {
        SpringApplication.run(OrdersApplication.class, args);
    }

    /** Says where the service listens: what whoever started it waits for. */
    @EventListener
    void say(WebServerInitializedEvent started) {
        System.out.printf("listening on http://%s:%d%n", settings.host(), started.getWebServer().getPort());
    }
}
