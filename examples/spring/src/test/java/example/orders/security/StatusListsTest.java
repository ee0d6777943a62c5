package example.orders.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import example.orders.AuthService;
import example.orders.Settings;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;

class StatusListsTest {

    private final AuthService auth = new AuthService();
    private final Settings settings = new Settings(URI.create(auth.url), "orders", "at", Set.of(), "127.0.0.1");
    private final Documents documents = new Documents();
    private final Instant began = Instant.now();
    private volatile Duration passed = Duration.ZERO;
    private final InstantSource clock = () -> began.plus(passed);
    private final StatusLists lists = new StatusLists(settings, new IssuerKeys(settings, documents, clock), documents, clock);

    @AfterEach
    void stop() {
        auth.close();
    }

    private static Jwt token(Object status) {
        return Jwt.withTokenValue("verified").header("alg", "ES256").claim("sub", "ben").claim("status", status).build();
    }

    private Jwt token(long index) {
        return token(Map.of("status_list", Map.of("uri", auth.list(), "idx", index)));
    }

    private boolean isGood(long index) {
        return !lists.validate(token(index)).hasErrors();
    }

    @Test
    void aSessionThatIsOverCountsWhenTheListIsRenewed() {
        assertThat(isGood(9)).isTrue();
        auth.statuses[1] |= 1 << 1;

        passed = Duration.ofSeconds(59);
        assertThat(isGood(9)).isTrue();
        passed = Duration.ofSeconds(60);
        assertThat(lists.validate(token(9)).getErrors()).extracting(OAuth2Error::getErrorCode).containsExactly("token_revoked");
        assertThat(isGood(8)).isTrue();
        assertThat(auth.asked).filteredOn("/status-lists/l1"::equals).hasSize(2);
    }

    @Test
    void whileNoOtherListCanBeHadTheOldOneCountsUntilItsEndAndIsNotAskedForOnEveryRequest() {
        assertThat(isGood(1)).isTrue();
        auth.isAway = true;

        passed = Duration.ofSeconds(179);
        assertThat(IntStream.range(0, 10).allMatch(request -> isGood(1))).isTrue();
        assertThat(auth.asked).filteredOn("/status-lists/l1"::equals).hasSize(2);
        passed = Duration.ofSeconds(181);
        assertThatThrownBy(() -> isGood(1)).isInstanceOf(JwtException.class);

        auth.isAway = false;
        auth.listClaims.put("exp", began.plusSeconds(1000).getEpochSecond());
        passed = Duration.ofSeconds(182);
        assertThat(isGood(1)).isTrue();
    }

    @Test
    void thoseWhoWaitedForAnAnswerThatNeverCameDoNotWaitOnceMoreEach() {
        auth.isAway = true;
        auth.whenAway = () -> passed = passed.plusSeconds(5);

        for (int request = 0; request < 10; request++) {
            assertThatThrownBy(() -> isGood(1)).isInstanceOf(JwtException.class);
        }
        assertThat(auth.asked).hasSize(1);
    }

    static Stream<Object> statusesThatCannotBeFound() {
        return Stream.of(
                "none",
                Map.of(),
                Map.of("status_list", Map.of("uri", "https://evil.example/status-lists/l1", "idx", 1)),
                Map.of("status_list", Map.of("uri", "http://127.0.0.1.evil.example/status-lists/l1", "idx", 1)));
    }

    @ParameterizedTest
    @MethodSource("statusesThatCannotBeFound")
    void aStatusThatCannotBeFoundIsTheTokensFaultAndNothingIsFetched(Object status) {
        assertThat(lists.validate(token(status)).hasErrors()).isTrue();
        assertThat(auth.asked).isEmpty();
    }

    @Test
    void aPlaceOutsideOfTheListIsNone() {
        assertThat(Stream.of(-1L, 512L, Long.MAX_VALUE).noneMatch(this::isGood)).isTrue();
        assertThat(isGood(511)).isTrue();
    }

    static Stream<Map<String, Object>> listsThatAreNotTheOne() {
        Map<String, Object> withoutTtl = new HashMap<>();
        withoutTtl.put("ttl", null);
        return Stream.of(
                Map.of("sub", "https://auth.example/status-lists/l2"),
                Map.of("iss", "https://evil.example"),
                Map.of("iat", 1, "exp", 2),
                Map.of("status_list", Map.of("bits", 3, "lst", AuthService.pack(new byte[8]))),
                Map.of("status_list", Map.of("bits", 1, "lst", "not zlib")),
                Map.of("status_list", Map.of("bits", 1, "lst", AuthService.pack(new byte[(4 << 20) + 1]))),
                withoutTtl);
    }

    @ParameterizedTest
    @MethodSource("listsThatAreNotTheOne")
    void aListThatIsNotTheOneIsNotBelieved(Map<String, Object> wrong) {
        auth.listClaims.putAll(wrong);

        assertThatThrownBy(() -> isGood(1)).isInstanceOf(JwtException.class);
    }

    @Test
    void anAccessTokenIsNoList() {
        auth.listType = "at+jwt";

        assertThatThrownBy(() -> isGood(1)).isInstanceOf(JwtException.class);
    }

    @Test
    void anIssuerThatSpeaksForSomebodyElseIsNotBelieved() {
        auth.speaksFor = "https://evil.example";

        assertThatThrownBy(() -> isGood(1)).isInstanceOf(JwtException.class);
    }

    /** The examples of the draft, for one bit and for two. */
    @ParameterizedTest
    @CsvSource({"1, 0xB9, 10011101", "2, 0xC9, 1203"})
    void theLowestBitsOfAByteComeFirst(int bits, String octet, String statuses) {
        String packed = AuthService.pack(new byte[] {(byte) Integer.decode(octet).intValue()});
        StatusList list = StatusList.unpack(bits, packed, Instant.EPOCH, Instant.EPOCH);

        assertThat(IntStream.range(0, 8 / bits).map(index -> list.status(index).orElseThrow()).toArray())
                .containsExactly(statuses.chars().map(digit -> digit - '0').toArray());
        assertThat(list.status(8 / bits)).isEqualTo(OptionalInt.empty());
    }

    @Test
    void whatIsCutShortIsNoList() {
        String packed = AuthService.pack(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});

        assertThatIllegalArgumentException()
                .isThrownBy(() -> StatusList.unpack(1, packed.substring(0, 8), Instant.EPOCH, Instant.EPOCH));
    }
}
