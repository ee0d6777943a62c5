package example.orders;

import example.orders.security.IssuerKeys;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Says how the service is. Open to everybody. */
@RestController
@RequestMapping(path = "/health", produces = MediaType.TEXT_PLAIN_VALUE)
class HealthController {

    private final IssuerKeys keys;

    HealthController(IssuerKeys keys) {
        this.keys = keys;
    }

    @GetMapping("/live")
    String live() {
        return "live\n";
    }

    /** Answers 200 while the service can tell who is calling. */
    @GetMapping("/ready")
    ResponseEntity<String> ready() {
        return keys.areAvailable() ? ResponseEntity.ok("ready\n") : ResponseEntity.status(503).body("not yet\n");
    }
}
