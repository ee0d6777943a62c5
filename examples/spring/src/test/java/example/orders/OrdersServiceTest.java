package example.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.http.HttpHeaders.AUTHORIZATION;
import static org.springframework.http.HttpHeaders.COOKIE;
import static org.springframework.http.MediaType.APPLICATION_FORM_URLENCODED;
import static org.springframework.http.MediaType.APPLICATION_JSON;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import org.springframework.test.web.servlet.request.AbstractMockHttpServletRequestBuilder;

@SpringBootTest
@AutoConfigureMockMvc
class OrdersServiceTest {

    private static final AuthService AUTH = new AuthService();
    private static final String LAMP = "{\"item\":\"Lamp\",\"quantity\":2}";

    @Autowired
    private MockMvcTester mvc;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry settings) {
        settings.add("orders.issuer", () -> AUTH.url);
        settings.add("orders.allowed-origins", () -> "https://app.example");
    }

    @AfterAll
    static void stop() {
        AUTH.close();
    }

    private MvcTestResult list(String token) {
        return mvc.get().uri("/orders").header(AUTHORIZATION, "Bearer " + token).exchange();
    }

    private MockMvcTester.MockMvcRequestBuilder post(String body) {
        return mvc.post().uri("/orders").contentType(APPLICATION_JSON).content(body);
    }

    private static String cookie(String token) {
        return "__Host-Http-at=" + token;
    }

    private static void assertRefused(MvcTestResult reply, int status, String code) {
        assertThat(reply).hasStatus(status).bodyJson().extractingPath("$.code").isEqualTo(code);
        assertThat(reply).headers().hasValue("Content-Type", "application/problem+json").containsHeader("Cache-Control");
    }

    private static void assertInvalid(MvcTestResult reply, String code) {
        assertRefused(reply, 401, code);
        assertThat(reply).headers()
                .hasValue("WWW-Authenticate", "Bearer error=\"invalid_token\", error_description=\"%s\"".formatted(code));
    }

    @Test
    void aGoodTokenOpensTheOrdersOfItsOrganisation() {
        assertThat(list(AUTH.token())).hasStatusOk().bodyJson().extractingPath("$.orders[*].org_id").asArray()
                .isNotEmpty().containsOnly("acme");
        assertThat(mvc.get().uri("/orders").header(COOKIE, cookie(AUTH.token()))).hasStatusOk();
    }

    @Test
    void withoutATokenThereIsAChallengeWithoutAnError() {
        MvcTestResult reply = mvc.get().uri("/orders").exchange();

        assertRefused(reply, 401, "token_missing");
        assertThat(reply).headers().hasValue("WWW-Authenticate", "Bearer");
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "a.b.c", "a.b.c.d.e"})
    void whatIsNoTokenIsMalformed(String token) {
        assertInvalid(list(token), "token_malformed");
    }

    @Test
    void anExpiredToken() {
        assertInvalid(list(AUTH.token("at+jwt", Map.of("iat", 1, "exp", 2))), "token_expired");
    }

    static Stream<String> tokensThatAreNotForUs() {
        Stream<String> wrong = Stream.of(
                AUTH.tokenWith("iss", "https://evil.example"), AUTH.tokenWith("iss", AUTH.url + "/"), AUTH.tokenWith("aud", "profiles"),
                AUTH.tokenWith("roles", "admin"), AUTH.tokenWith("nbf", 4_000_000_000L), AUTH.tokenWith("sub", " "),
                AUTH.token("at+jwt", Map.of("iss", "https://evil.example", "iat", 1, "exp", 2)));
        return Stream.concat(wrong, Stream.of("iss", "aud", "exp", "sub", "jti", "client_id", "status").map(name -> AUTH.tokenWith(name, null)));
    }

    @ParameterizedTest
    @MethodSource("tokensThatAreNotForUs")
    void aTokenThatIsNotForUsOrDoesNotSayWhatItMust(String token) {
        assertInvalid(list(token), "token_invalid");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"JWT", "statuslist+jwt"})
    void otherDocumentsOfTheIssuerAreNoAccessTokens(String type) {
        assertInvalid(list(AUTH.token(type, Map.of())), "token_invalid");
    }

    static Stream<String> tokensThatSomebodyElseSigned() throws JOSEException {
        JWSHeader.Builder typed = new JWSHeader.Builder(JWSAlgorithm.ES256).type(new JOSEObjectType("at+jwt"));
        byte[] publicKey = AUTH.key.toECPublicKey().getEncoded();
        return Stream.of(
                AuthService.sign(typed, AUTH.claims(), AuthService.newKey("k1")),
                AuthService.sign(typed, AUTH.claims(), AuthService.newKey("k2")),
                AuthService.sign(header(JWSAlgorithm.RS256), AUTH.claims(), new RSASSASigner(new RSAKeyGenerator(2048).generate())),
                AuthService.sign(header(JWSAlgorithm.HS256), AUTH.claims(), new MACSigner(publicKey)),
                AuthService.sign(typed.criticalParams(Set.of("x")).customParam("x", 1), AUTH.claims(), AUTH.key),
                new PlainJWT(new JWTClaimsSet.Builder().issuer(AUTH.url).audience("orders").subject("ben").build()).serialize());
    }

    private static JWSHeader header(JWSAlgorithm algorithm) {
        return new JWSHeader.Builder(algorithm).type(new JOSEObjectType("at+jwt")).keyID("k1").build();
    }

    @ParameterizedTest
    @MethodSource("tokensThatSomebodyElseSigned")
    void aTokenOfAForeignKeyOfAnotherAlgorithmOrOfNone(String token) {
        assertInvalid(list(token), "token_invalid");
    }

    @Test
    void aTokenThatDoesNotNameItsKey() throws JOSEException {
        JWSHeader unnamed = new JWSHeader.Builder(JWSAlgorithm.ES256).type(new JOSEObjectType("at+jwt")).build();

        assertInvalid(list(AuthService.sign(unnamed, AUTH.claims(), new ECDSASigner(AUTH.key))), "token_invalid");
    }

    @Test
    void aTokenThatWasChanged() {
        String[] parts = AUTH.token().split("\\.");
        byte[] claims = "{\"iss\":\"%s\",\"aud\":\"orders\",\"sub\":\"eve\"}".formatted(AUTH.url).getBytes(StandardCharsets.UTF_8);
        parts[1] = Base64.getUrlEncoder().withoutPadding().encodeToString(claims);

        assertInvalid(list(String.join(".", parts)), "token_invalid");
    }

    @Test
    void aTokenWhoseSessionIsOver() {
        String another = AUTH.url + "/status-lists/l2";
        AUTH.statuses[7] = (byte) 0x80;

        assertThat(list(AUTH.tokenWith("status", Map.of("status_list", Map.of("uri", another, "idx", 62))))).hasStatusOk();
        assertInvalid(list(AUTH.tokenWith("status", Map.of("status_list", Map.of("uri", another, "idx", 63)))), "token_revoked");
    }

    @Test
    void aStatusThatCannotBeHadIsNotTheTokensFault() {
        String elsewhere = AUTH.url + "/status-lists/away";
        AUTH.isAway = true;
        try {
            MvcTestResult reply = list(AUTH.tokenWith("status", Map.of("status_list", Map.of("uri", elsewhere, "idx", 1))));
            assertRefused(reply, 503, "unavailable");
            assertThat(reply).headers().hasValue("Retry-After", "1").doesNotContainHeader("WWW-Authenticate");
        } finally {
            AUTH.isAway = false;
        }
    }

    @Test
    void aRequestInWhichItCannotBeToldWhoseTokenCountsIsRefused() {
        String one = AUTH.token();
        String other = AUTH.tokenWith("sub", "eve");
        String bearer = "Bearer " + one;

        assertRefused(mvc.get().uri("/orders").header(AUTHORIZATION, bearer).header(COOKIE, cookie(other)).exchange(), 401, "token_invalid");
        assertThat(mvc.get().uri("/orders").header(AUTHORIZATION, bearer).header(COOKIE, cookie(one))).hasStatusOk();
        assertRefused(mvc.get().uri("/orders").header(COOKIE, cookie(one) + "; " + cookie(other)).exchange(), 401, "token_malformed");
        assertRefused(mvc.get().uri("/orders").header(COOKIE, "\t" + cookie(one)).exchange(), 401, "token_missing");
        assertRefused(mvc.get().uri("/orders").header(AUTHORIZATION, bearer, "Bearer " + other).exchange(), 401, "token_malformed");
        assertRefused(mvc.get().uri(URI.create("/orders?access%5Ftoken=" + one)).exchange(), 401, "token_invalid");
        assertRefused(mvc.get().uri("/orders").header(AUTHORIZATION, "Basic eDp5").exchange(), 401, "token_missing");
    }

    @ParameterizedTest
    @CsvSource({"Sec-Fetch-Site,same-origin", "Sec-Fetch-Site,none", "Origin,https://app.example", "X-Handstamp,1"})
    void aPageOfOursMayPostByCookie(String name, String value) {
        assertThat(post(LAMP).header(COOKIE, cookie(AUTH.token())).header(name, value)).hasStatus(201);
    }

    @ParameterizedTest
    @CsvSource({
        "X-Other,1,X-Other,1",
        "Sec-Fetch-Site,cross-site,X-Other,1",
        "Sec-Fetch-Site,same-site,X-Handstamp,1",
        "Sec-Fetch-Site,same-origin,Sec-Fetch-Site,cross-site",
        "Origin,https://evil.example,X-Handstamp,1",
        "Origin,null,Sec-Fetch-Site,cross-site",
    })
    void anotherSiteMayNot(String name, String value, String secondName, String secondValue) {
        AbstractMockHttpServletRequestBuilder<?> request =
                post(LAMP).header(COOKIE, cookie(AUTH.token())).header(name, value).header(secondName, secondValue);

        assertRefused(((MockMvcTester.MockMvcRequestBuilder) request).exchange(), 403, "csrf_rejected");
    }

    @Test
    void aWebSocketBeginsWithAGetAndIsNotSafe() {
        assertRefused(handshake("https://evil.example").exchange(), 403, "csrf_rejected");
        assertThat(handshake("https://app.example")).hasStatus(200);
    }

    private MockMvcTester.MockMvcRequestBuilder handshake(String origin) {
        return mvc.get()
                .uri("/orders")
                .header(COOKIE, cookie(AUTH.token()))
                .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
                .header("Origin", origin);
    }

    @Test
    void rolesDecideWhoOrdersAndWhoDeletes() {
        String buyer = "Bearer " + AUTH.token();
        String admin = "Bearer " + AUTH.tokenWith("roles", List.of("admin"));

        MvcTestResult refused = post(LAMP).header(AUTHORIZATION, "Bearer " + AUTH.tokenWith("roles", null)).exchange();
        assertRefused(refused, 403, "role_required");
        assertThat(refused).headers()
                .hasValue("WWW-Authenticate", "Bearer error=\"insufficient_scope\", error_description=\"role_required\"");
        assertThat(refused).bodyJson().extractingPath("$.detail").isEqualTo("Needs one of these roles: buyer.");

        MvcTestResult placed = post(LAMP).header(AUTHORIZATION, buyer).exchange();
        assertThat(placed).hasStatus(201).bodyJson().extractingPath("$.buyer").isEqualTo("ben");
        String order = placed.getResponse().getHeader("Location");
        assertRefused(mvc.delete().uri(order).header(AUTHORIZATION, buyer).exchange(), 403, "role_required");
        assertThat(mvc.delete().uri(order).header(AUTHORIZATION, admin)).hasStatus(204);
        assertRefused(mvc.get().uri(order).header(AUTHORIZATION, admin).exchange(), 404, "not_found");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/orders/4", "/orders/99", "/orders/x"})
    void theOrdersOfAnotherOrganisationAreNotThere(String path) {
        String admin = "Bearer " + AUTH.tokenWith("roles", List.of("admin"));

        assertRefused(mvc.get().uri(path).header(AUTHORIZATION, admin).exchange(), 404, "not_found");
        assertRefused(mvc.delete().uri(path).header(AUTHORIZATION, admin).exchange(), 404, "not_found");
        assertThat(mvc.get().uri("/orders/4").header(AUTHORIZATION, "Bearer " + AUTH.tokenWith("org_id", "globex"))).hasStatusOk();
    }

    @Test
    void peopleWithoutAnOrganisationAndMachinesHaveNoOrders() {
        assertRefused(list(AUTH.tokenWith("org_id", null)), 403, "org_mismatch");
        assertRefused(list(AUTH.tokenWith("sub", "handstamp")), 403, "caller_mismatch");
    }

    @Test
    void aBodyThatCannotBeTakenIsToldWhatIsWrongWithIt() {
        String buyer = "Bearer " + AUTH.token();

        assertRefused(post("{").header(AUTHORIZATION, buyer).exchange(), 400, "body_malformed");
        assertRefused(post(LAMP + LAMP).header(AUTHORIZATION, buyer).exchange(), 422, "validation_failed");
        assertRefused(post(LAMP).contentType(APPLICATION_FORM_URLENCODED).header(AUTHORIZATION, buyer).exchange(), 415, "unsupported_media_type");
        assertRefused(post("{\"item\":\"%s\"}".formatted("x".repeat(20_000))).header(AUTHORIZATION, buyer).exchange(), 413, "body_too_large");
        assertRefused(post("{\"org_id\":\"globex\"}").header(AUTHORIZATION, buyer).exchange(), 422, "validation_failed");
        assertRefused(post("{\"item\":\"Lamp\",\"quantity\":\"2\"}").header(AUTHORIZATION, buyer).exchange(), 422, "validation_failed");
        MvcTestResult wrong = post("{\"item\":\" \",\"quantity\":0}").header(AUTHORIZATION, buyer).exchange();
        assertRefused(wrong, 422, "validation_failed");
        assertThat(wrong).bodyJson().extractingPath("$.errors[*].pointer").asArray().containsExactlyInAnyOrder("/item", "/quantity");
    }

    @Test
    void aPathThatNobodyThoughtOfIsClosedAsWell() {
        assertRefused(mvc.get().uri("/statistics").exchange(), 401, "token_missing");
        assertRefused(mvc.get().uri("/statistics").header(AUTHORIZATION, "Bearer " + AUTH.token()).exchange(), 404, "not_found");
        assertRefused(mvc.put().uri("/orders").header(AUTHORIZATION, "Bearer " + AUTH.token()).exchange(), 405, "method_not_allowed");
        assertThat(mvc.get().uri("/health/ready")).hasStatusOk();
    }
}
