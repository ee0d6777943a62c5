package dev.handstamp.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Real tokens, good and bad, for the tests of a service. It starts {@code handstamp dev-issuer} and asks it.
 *
 * <pre>{@code
 * try (DevIssuer issuer = DevIssuer.start("orders")) {
 *     String token = issuer.token(Map.of("sub", "ann", "roles", List.of("admin"), "org_id", "acme"));
 *     assertThat(issuer.attack(url, token, Set.of(), new Operation("GET /orders"))).isEmpty();
 * }
 * }</pre>
 *
 * Nothing that matters may ever trust such an issuer.
 */
public final class DevIssuer implements AutoCloseable {

    private static final Set<String> UNSAFE = Set.of("POST", "PUT", "PATCH", "DELETE");
    private static final String COOKIE = "__Host-Http-at";
    /** A service hears of what was taken back in a moment, or when it next asks: three seconds in all. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final JsonMapper json = new JsonMapper();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();
    private final Process process;
    private final String url;

    private DevIssuer(Process process, String line) {
        this.process = process;
        this.url = json.readTree(line).get("issuer").asString();
    }

    /**
     * What is attacked.
     *
     * @param name such as {@code POST /orders}
     * @param body what to send as JSON, or null
     * @param role whether it asks for a role
     */
    public record Operation(String name, Object body, boolean role) {

        public Operation(String name) {
            this(name, null, false);
        }

        private String method() {
            return name.substring(0, name.indexOf(' '));
        }

        private String path() {
            return name.substring(name.indexOf(' ') + 1);
        }
    }

    /** Starts one. The program is {@code handstamp} in the path, unless the variable {@code HANDSTAMP} names another. */
    public static DevIssuer start(String audience) {
        String program = System.getenv().getOrDefault("HANDSTAMP", "handstamp");
        try {
            Process process = new ProcessBuilder(program, "dev-issuer", "--audience", audience, "--listen", "127.0.0.1:0", "--json")
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            // The process keeps its output open for as long as it runs, and says nothing more.
            String line = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
            if (line == null) {
                throw new IllegalStateException("handstamp dev-issuer ended with " + process.waitFor());
            }
            return new DevIssuer(process, line);
        } catch (IOException cause) {
            throw new UncheckedIOException(program + " cannot be started: set HANDSTAMP to the program", cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(cause);
        }
    }

    /** Returns the issuer's address, as in the tokens' {@code iss}. */
    public String url() {
        return url;
    }

    /** Makes a token: {@code sub}, {@code roles}, {@code org_id}, {@code sid}, {@code expires_in}, {@code claims} and so on. */
    public String token(Map<String, ?> says) {
        return post("/dev/tokens", says).get("access_token").asString();
    }

    /** Takes tokens back: {@code token}, or {@code level}, {@code value} and {@code kind}. */
    public void revoke(Map<String, ?> what) {
        post("/dev/revocations", what);
    }

    /** Moves the issuer's clock. The service's own does not move. */
    public void advance(Duration time) {
        post("/dev/clock", Map.of("advance", time.toSeconds()));
    }

    /**
     * Sends every bad token to every operation of a service, after a good one that has to get in, and returns what was not refused,
     * in words. What careful libraries differ in, the severity {@code note}, is left out.
     *
     * @param without names of cases that the service lets pass on purpose
     */
    public List<String> attack(String service, String token, Set<String> without, Operation... operations) {
        List<String> found = new ArrayList<>();
        Patience patience = new Patience();
        for (String mode : List.of("bearer", "cookie")) {
            JsonNode invalid = post("/dev/invalid-tokens", Map.of("token", token, "mode", mode, "cookie", COOKIE)).get("invalid");
            for (Operation operation : operations) {
                attack(service, token, mode, operation, invalid, without, found, patience);
            }
        }
        return found;
    }

    @Override
    public void close() {
        process.destroy();
    }

    private void attack(String service, String token, String mode, Operation operation, JsonNode invalid, Set<String> without,
            List<String> found, Patience patience) {
        HttpRequest.Builder good = request(service, operation, "").header("Authorization", "Bearer " + token);
        int control = status(good);
        if (control == 401 || control == 403) {
            found.add("%s answered %d to the good token, so it shows nothing that it refuses bad ones".formatted(operation.name(), control));
            return;
        }
        for (JsonNode bad : invalid) {
            boolean applies = !"note".equals(bad.get("severity").asString())
                    && !without.contains(bad.get("name").asString())
                    && (operation.role() || !bad.get("role").asBoolean())
                    && (UNSAFE.contains(operation.method()) || !bad.get("unsafe_method").asBoolean());
            if (applies) {
                Optional<Integer> answered = send(service, operation, bad);
                while ("revoked".equals(bad.get("class").asString()) && answered.filter(status -> !isExpected(bad, status)).isPresent()
                        && patience.isLeft()) {
                    answered = send(service, operation, bad);
                }
                answered.filter(status -> !isExpected(bad, status)).ifPresent(status ->
                        found.add("%s (%s) answered %d to %s, %s: expected %d. %s".formatted(operation.name(), mode, status,
                                bad.get("name").asString(), bad.get("title").asString(), bad.get("status").asInt(),
                                bad.get("fix").asString())));
            }
        }
    }

    /** Waits a little each time it is asked, until all of it is used up. */
    private static final class Patience {

        private Duration left = PATIENCE;

        private boolean isLeft() {
            if (left.isNegative() || left.isZero()) {
                return false;
            }
            try {
                Duration pause = Duration.ofMillis(30);
                Thread.sleep(pause.toMillis());
                left = left.minus(pause);
            } catch (InterruptedException cause) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(cause);
            }
            return true;
        }
    }

    private static boolean isExpected(JsonNode bad, int status) {
        if (bad.get("status").asInt() == status) {
            return true;
        }
        for (JsonNode also : bad.get("also")) {
            if (also.asInt() == status) {
                return true;
            }
        }
        return false;
    }

    /** Returns the status, or nothing where the headers cannot be sent. */
    private Optional<Integer> send(String service, Operation operation, JsonNode bad) {
        HttpRequest.Builder request = request(service, operation, bad.has("query") ? "?" + bad.get("query").asString() : "");
        try {
            for (JsonNode header : bad.get("headers")) {
                request.header(header.get(0).asString(), header.get(1).asString());
            }
        } catch (IllegalArgumentException refused) {
            return Optional.empty();
        }
        return Optional.of(status(request));
    }

    private HttpRequest.Builder request(String service, Operation operation, String query) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(service + operation.path() + query)).timeout(Duration.ofSeconds(10));
        if (operation.body() == null) {
            return request.method(operation.method(), BodyPublishers.noBody());
        }
        return request.method(operation.method(), BodyPublishers.ofString(json.writeValueAsString(operation.body())))
                .header("Content-Type", "application/json");
    }

    private int status(HttpRequest.Builder request) {
        return exchange(request).statusCode();
    }

    private JsonNode post(String path, Object body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                .timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json.writeValueAsString(body)));
        var reply = exchange(request);
        if (reply.statusCode() != 200) {
            throw new IllegalArgumentException(path + ": " + reply.body());
        }
        return json.readTree(reply.body());
    }

    private HttpResponse<String> exchange(HttpRequest.Builder request) {
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(cause);
        }
    }
}
