package dev.handstamp.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Real tokens, good and bad, for the tests of a service. It starts {@code handstamp dev-issuer} and asks it.
 *
 * <pre>{@code
 * try (DevIssuer issuer = DevIssuer.start("orders")) {
 *     String token = issuer.token(Map.of("sub", "ann", "roles", List.of("admin"), "org_id", "acme"));
 *     assertThat(issuer.attack(url, token).on(new Operation("GET /orders"))).isEmpty();
 * }
 * }</pre>
 *
 * Nothing that matters may ever trust such an issuer.
 */
public final class DevIssuer implements AutoCloseable {

    private static final Set<String> UNSAFE = Set.of("POST", "PUT", "PATCH", "DELETE");
    /** A service hears of what was taken back in a moment, or when it next asks: three seconds in all. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final JsonMapper JSON = new JsonMapper();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();
    private final Process process;
    private final String url;

    private DevIssuer(Process process, String url) {
        this.process = process;
        this.url = url;
    }

    /**
     * What is attacked.
     *
     * @param name such as {@code POST /orders}
     * @param body what to send as JSON, or null
     * @param role whether it asks for a role
     */
    public record Operation(String name, Object body, boolean role) {

        public Operation {
            if (!name.matches("[A-Z]+ /\\S*")) {
                throw new IllegalArgumentException(
                        '"' + name + "\" is no operation: write a method, a space and a path, as in \"GET /orders/1\"");
            }
        }

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
            // Tests that end in another way than by `close` leave no issuer behind.
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
            return new DevIssuer(process, JSON.readTree(line).get("issuer").asString());
        } catch (JacksonException cause) {
            throw new IllegalStateException(program + " is not handstamp: set HANDSTAMP to the program", cause);
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

    /** Prepares an attack on a service, with a good token that every operation lets in. It begins with {@link Attack#on}. */
    public Attack attack(String service, String token) {
        return new Attack(service, token);
    }

    @Override
    public void close() {
        process.destroy();
    }

    /** What a service is sent. */
    public final class Attack {

        private final String service;
        private final String token;
        private final Patience patience = new Patience();
        private final List<String> found = new ArrayList<>();
        private List<String> modes = List.of("bearer", "cookie");
        private String cookie = "__Host-Http-at";
        private Set<String> without = Set.of();
        private boolean strict;

        private Attack(String service, String token) {
            this.service = service;
            this.token = token;
        }

        /** Sets where the service takes tokens. Default: {@code bearer} and {@code cookie}. */
        public Attack modes(String... modes) {
            this.modes = List.of(modes);
            return this;
        }

        /** Sets the name of the service's cookie. */
        public Attack cookie(String cookie) {
            this.cookie = cookie;
            return this;
        }

        /** Names cases that the service lets pass on purpose. */
        public Attack without(String... cases) {
            this.without = Set.of(cases);
            return this;
        }

        /** Also sends what careful libraries differ in: a matter of strictness, by which alone nobody gets in. */
        public Attack strict() {
            this.strict = true;
            return this;
        }

        /**
         * Sends every bad token to every operation, after a good one that has to get in, and which has to get in once more in the end.
         * Returns what was not refused, in words.
         */
        public List<String> on(Operation... operations) {
            if (operations.length == 0 || modes.isEmpty()) {
                throw new IllegalArgumentException("nothing is attacked: name operations, and modes");
            }
            List<JsonNode> sets = modes.stream()
                    .map(mode -> post("/dev/invalid-tokens", Map.of("token", token, "mode", mode, "cookie", cookie)))
                    .toList();
            for (Operation operation : operations) {
                for (int turn = 0; turn < modes.size(); turn++) {
                    Optional<Integer> control = send(service, operation, sets.get(turn).get("good_headers"), null);
                    Optional<String> nothing = showsNothing(control, turn);
                    if (nothing.isPresent()) {
                        found.add(operation.name() + " " + nothing.get());
                        break;
                    }
                    for (JsonNode bad : sets.get(turn).get("invalid")) {
                        if (sends(bad, operation)) {
                            judge(operation, modes.get(turn), bad);
                        }
                    }
                    Optional<Integer> after = send(service, operation, sets.get(turn).get("good_headers"), null);
                    if (after.filter(DevIssuer::isRefusal).isPresent()) {
                        found.add("%s answered %d to the good token %s after the bad ones, so it shows nothing that it refused those: "
                                .formatted(operation.name(), after.get(), place(turn))
                                + "does it count failures, or end the session that it is called in?");
                        break;
                    }
                }
            }
            return List.copyOf(found);
        }

        /** Returns why the answer to a good token makes the answers to bad ones worthless, if it does. */
        private Optional<String> showsNothing(Optional<Integer> control, int turn) {
            String place = place(turn);
            if (control.isEmpty()) {
                return Optional.of("cannot be sent the good token " + place + ": it has characters that a request cannot have");
            }
            int status = control.get();
            if (isRefusal(status)) {
                String cookies = turn > 0 ? ". Name the cookie it reads, or leave the mode out where it reads none" : "";
                return Optional.of("answered %d to the good token %s, so it shows nothing that it refuses bad ones%s"
                        .formatted(status, place, cookies));
            }
            // What the first good token was about may be gone when the second comes.
            if (turn == 0 && (status == 404 || status == 405)) {
                return Optional.of(("answered %d to the good token, as where nothing is: "
                        + "name an operation that is there, on something that is there").formatted(status));
            }
            return Optional.empty();
        }

        private String place(int turn) {
            return modes.get(turn).equals("cookie") ? "in the cookie " + cookie : "as bearer";
        }

        private boolean sends(JsonNode bad, Operation operation) {
            return (strict || !"note".equals(bad.get("severity").asString()))
                    && !without.contains(bad.get("name").asString())
                    && (operation.role() || !bad.get("role").asBoolean())
                    && (UNSAFE.contains(operation.method()) || !bad.get("unsafe_method").asBoolean());
        }

        /** Sends a bad token, and one that was taken back again until that is known. */
        private void judge(Operation operation, String mode, JsonNode bad) {
            String query = bad.has("query") ? bad.get("query").asString() : null;
            Optional<Integer> answered = send(service, operation, bad.get("headers"), query);
            while ("revoked".equals(bad.get("class").asString()) && !isRefused(bad, answered) && patience.isLeft()) {
                answered = send(service, operation, bad.get("headers"), query);
            }
            if (!isRefused(bad, answered)) {
                String did = answered.map(status -> "answered " + status + " to").orElse("cannot be sent");
                found.add("%s (%s) %s %s, %s: expected %d. %s".formatted(operation.name(), mode, did, bad.get("name").asString(),
                        bad.get("title").asString(), bad.get("status").asInt(), bad.get("fix").asString()));
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

    private static boolean isRefusal(int status) {
        return status == 401 || status == 403;
    }

    private static boolean isRefused(JsonNode bad, Optional<Integer> answered) {
        return answered.filter(status -> bad.get("status").asInt() == status || hasAlso(bad, status)).isPresent();
    }

    private static boolean hasAlso(JsonNode bad, int status) {
        for (JsonNode also : bad.get("also")) {
            if (also.asInt() == status) {
                return true;
            }
        }
        return false;
    }

    /** Returns the status, or nothing where this client cannot send the headers. */
    private Optional<Integer> send(String service, Operation operation, JsonNode headers, String query) {
        HttpRequest.Builder request = request(service, operation, query);
        try {
            for (JsonNode header : headers) {
                request.header(header.get(0).asString(), header.get(1).asString());
            }
        } catch (IllegalArgumentException refused) {
            return Optional.empty();
        }
        return Optional.of(exchange(request, DevIssuer::leftUnread).statusCode());
    }

    /** The status is all that is asked for, and an event stream has no end. */
    private static BodySubscriber<Void> leftUnread(ResponseInfo reply) {
        boolean isStream = reply.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream");
        return isStream ? BodySubscribers.mapping(BodySubscribers.ofInputStream(), DevIssuer::close) : BodySubscribers.discarding();
    }

    private static Void close(InputStream stream) {
        try {
            stream.close();
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        return null;
    }

    private static HttpRequest.Builder request(String service, Operation operation, String query) {
        String joint = operation.path().contains("?") ? "&" : "?";
        URI uri = URI.create(service + operation.path() + (query == null ? "" : joint + query));
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10));
        if (operation.body() == null) {
            return request.method(operation.method(), BodyPublishers.noBody());
        }
        return request.method(operation.method(), BodyPublishers.ofString(JSON.writeValueAsString(operation.body())))
                .header("Content-Type", "application/json");
    }

    private JsonNode post(String path, Object body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                .timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)));
        var reply = exchange(request, BodyHandlers.ofString());
        if (reply.statusCode() != 200) {
            throw new IllegalArgumentException(path + ": " + reply.body());
        }
        return JSON.readTree(reply.body());
    }

    private <T> HttpResponse<T> exchange(HttpRequest.Builder builder, BodyHandler<T> body) {
        HttpRequest request = builder.build();
        try {
            return client.send(request, body);
        } catch (IOException cause) {
            throw new UncheckedIOException(request.method() + " " + request.uri() + " cannot be asked", cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(cause);
        }
    }
}
