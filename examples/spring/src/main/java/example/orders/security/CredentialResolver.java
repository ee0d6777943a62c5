package example.orders.security;

import example.orders.Settings;
import example.orders.problem.Code;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.springframework.http.HttpHeaders;
import org.springframework.security.oauth2.server.resource.web.BearerTokenResolver;
import org.springframework.stereotype.Component;

/**
 * Finds the one token of a request, in the header or in the cookie. A request in which it cannot be told whose token counts is
 * refused: each rule here has been somebody's vulnerability.
 */
@Component
class CredentialResolver implements BearerTokenResolver {

    /** RFC 6265 §4.1.1: what a cookie's value may be made of. */
    private static final Pattern COOKIE_VALUE = Pattern.compile("[\\x21\\x23-\\x2b\\x2d-\\x3a\\x3c-\\x5b\\x5d-\\x7e]*");
    private static final Pattern BEARER = Pattern.compile("bearer +([^\\s,]+) *", Pattern.CASE_INSENSITIVE);
    private static final Pattern ANY_BEARER = Pattern.compile("bearer( .*)?", Pattern.CASE_INSENSITIVE);

    private final String cookieName;
    private final ForgeryRule forgery;

    CredentialResolver(Settings settings) {
        this.cookieName = settings.cookieName();
        this.forgery = new ForgeryRule(settings.allowedOrigins());
    }

    @Override
    public String resolve(HttpServletRequest request) {
        if (namesAToken(request.getQueryString())) {
            throw new Refusal(Code.TOKEN_INVALID, "A token stands in the query string, where none is accepted.");
        }
        String bearer = bearer(values(request, HttpHeaders.AUTHORIZATION));
        String cookie = cookie(values(request, HttpHeaders.COOKIE));
        if (bearer != null && cookie != null && !bearer.equals(cookie)) {
            throw new Refusal(Code.TOKEN_INVALID, "The cookie and the Authorization header hold different tokens.");
        }
        if (bearer != null) {
            // A foreign page cannot set the header, so with the same token in both it is the header that counts.
            return bearer;
        }
        if (cookie != null) {
            forgery.check(request);
        }
        return cookie;
    }

    private static String bearer(List<String> headers) {
        if (headers.isEmpty() || headers.size() == 1 && !ANY_BEARER.matcher(headers.get(0)).matches()) {
            // Another scheme is for somebody else.
            return null;
        }
        Matcher bearer = BEARER.matcher(headers.get(0));
        if (headers.size() > 1 || !bearer.matches()) {
            throw new Refusal(Code.TOKEN_MALFORMED, "The Authorization header is malformed.");
        }
        return bearer.group(1);
    }

    /** Not by the container's parser: two cookies of one name have to be seen, and names are compared byte for byte. */
    private String cookie(List<String> headers) {
        String prefix = cookieName + "=";
        List<String> values = headers.stream()
                .flatMap(header -> Stream.of(header.split(";")))
                .map(pair -> pair.startsWith(" ") ? pair.substring(1) : pair)
                .filter(pair -> pair.startsWith(prefix))
                .map(pair -> pair.substring(prefix.length()))
                .toList();
        if (values.size() > 1 || !values.stream().allMatch(value -> COOKIE_VALUE.matcher(value).matches())) {
            throw new Refusal(Code.TOKEN_MALFORMED, "The cookie was refused.");
        }
        return values.stream().filter(value -> !value.isEmpty()).findFirst().orElse(null);
    }

    private static boolean namesAToken(String query) {
        return query != null
                && Stream.of(query.split("&")).anyMatch(pair -> decoded(pair.split("=", 2)[0]).equals("access_token"));
    }

    private static String decoded(String name) {
        try {
            return URLDecoder.decode(name, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notEncoded) {
            return name;
        }
    }

    static List<String> values(HttpServletRequest request, String header) {
        return Collections.list(request.getHeaders(header));
    }
}
