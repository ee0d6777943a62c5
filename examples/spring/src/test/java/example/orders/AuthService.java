package example.orders;

import com.nimbusds.jose.Algorithm;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.DeflaterOutputStream;

/** An auth service, as its documents show it. It signs good tokens, but for what a test changes. */
public final class AuthService implements AutoCloseable {

    private final HttpServer server;
    public final ECKey key = newKey("k1");
    public final String url;
    public final List<String> asked = new CopyOnWriteArrayList<>();
    public final byte[] statuses = new byte[64];
    public final Map<String, Object> listClaims = new HashMap<>();
    public String listType = "statuslist+jwt";
    public volatile String speaksFor;
    public volatile boolean namesKeys = true;
    public volatile boolean isAway;
    public volatile Runnable whenAway = () -> { };
    /** Sends headers and a part, and nothing more. */
    public volatile boolean isStalled;

    public AuthService() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        url = "http://127.0.0.1:" + server.getAddress().getPort();
        speaksFor = url;
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            asked.add(path);
            byte[] body = switch (path) {
                case "/.well-known/oauth-authorization-server" ->
                    "{\"issuer\":\"%s\",\"%s\":\"%s/jwks\"}".formatted(speaksFor, namesKeys ? "jwks_uri" : "other_uri", url)
                            .getBytes(StandardCharsets.UTF_8);
                case "/jwks" -> new JWKSet(key).toString().getBytes(StandardCharsets.UTF_8);
                case "/too-long" -> new byte[(4 << 20) + 1];
                default -> statusList(path).getBytes(StandardCharsets.UTF_8);
            };
            if (isAway) {
                whenAway.run();
            }
            exchange.sendResponseHeaders(isAway ? 503 : 200, body.length);
            if (isStalled) {
                exchange.getResponseBody().write(body, 0, 1);
                exchange.getResponseBody().flush();
                return;
            }
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    public static ECKey newKey(String id) {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID(id).algorithm(new Algorithm("ES256")).generate();
        } catch (JOSEException error) {
            throw new IllegalStateException(error);
        }
    }

    public String list() {
        return url + "/status-lists/l1";
    }

    /** Returns the claims of a good token. */
    public Map<String, Object> claims() {
        Instant now = Instant.now();
        Map<String, Object> claims = new HashMap<>();
        claims.put("iss", url);
        claims.put("aud", List.of("orders", "profiles"));
        claims.put("sub", "ben");
        claims.put("client_id", "handstamp");
        claims.put("sid", "s1");
        claims.put("jti", "j1");
        claims.put("org_id", "acme");
        claims.put("roles", List.of("buyer"));
        claims.put("iat", now.getEpochSecond());
        claims.put("exp", now.plusSeconds(60).getEpochSecond());
        claims.put("status", Map.of("status_list", Map.of("uri", list(), "idx", 9)));
        return claims;
    }

    public String token() {
        return token("at+jwt", Map.of());
    }

    /** Returns a token with other claims; one that is null is left out. */
    public String tokenWith(String name, Object value) {
        Map<String, Object> changed = new HashMap<>();
        changed.put(name, value);
        return token("at+jwt", changed);
    }

    public String token(String type, Map<String, Object> changed) {
        Map<String, Object> claims = claims();
        claims.putAll(changed);
        return sign(new JWSHeader.Builder(JWSAlgorithm.ES256).type(type == null ? null : new JOSEObjectType(type)), claims, key);
    }

    public static String sign(JWSHeader.Builder header, Map<String, Object> claims, ECKey key) {
        try {
            return sign(header.keyID(key.getKeyID()).build(), claims, new ECDSASigner(key));
        } catch (JOSEException error) {
            throw new IllegalStateException(error);
        }
    }

    public static String sign(JWSHeader header, Map<String, Object> claims, JWSSigner signer) {
        JWTClaimsSet.Builder says = new JWTClaimsSet.Builder();
        claims.forEach((name, value) -> says.claim(name, isTime(name) && value != null ? date(value) : value));
        try {
            SignedJWT token = new SignedJWT(header, says.build());
            token.sign(signer);
            return token.serialize();
        } catch (JOSEException error) {
            throw new IllegalStateException(error);
        }
    }

    private static boolean isTime(String claim) {
        return List.of("iat", "exp", "nbf").contains(claim);
    }

    private static Date date(Object seconds) {
        return Date.from(Instant.ofEpochSecond(((Number) seconds).longValue()));
    }

    private String statusList(String path) {
        Instant now = Instant.now();
        Map<String, Object> claims = new HashMap<>();
        claims.put("iss", url);
        claims.put("sub", url + path);
        claims.put("iat", now.getEpochSecond());
        claims.put("exp", now.plusSeconds(180).getEpochSecond());
        claims.put("ttl", 60);
        claims.put("status_list", Map.of("bits", 1, "lst", pack(statuses)));
        claims.putAll(listClaims);
        return sign(new JWSHeader.Builder(JWSAlgorithm.ES256).type(new JOSEObjectType(listType)), claims, key);
    }

    public static String pack(byte[] statuses) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(packed)) {
            deflater.write(statuses);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return Base64.getUrlEncoder().withoutPadding().encodeToString(packed.toByteArray());
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
