package example.orders.security;

import example.orders.problem.Code;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Set;
import org.springframework.http.HttpHeaders;

/**
 * Refuses an unsafe request whose cookie a foreign page may have made the browser send.
 *
 * <p>Other pages choose neither {@code Sec-Fetch-Site} nor {@code Origin}, so those decide. {@code same-site} alone is never
 * trusted: a sibling host may be somebody else's. Without either, a header of our own makes browsers ask first before they send it
 * across origins.
 */
record ForgeryRule(Set<String> allowedOrigins) {

    private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

    void check(HttpServletRequest request) {
        // A WebSocket begins with a GET and is not safe: it carries whatever the page says.
        boolean isWebSocket = request.getHeader("Sec-WebSocket-Key") != null;
        if (SAFE_METHODS.contains(request.getMethod()) && !isWebSocket) {
            return;
        }
        String site = only(request, "Sec-Fetch-Site");
        if ("same-origin".equals(site) || "none".equals(site)) {
            return;
        }
        String origin = only(request, HttpHeaders.ORIGIN);
        if (origin != null) {
            if (!allowedOrigins.contains(origin)) {
                throw new Refusal(Code.CSRF_REJECTED, "The origin \"%s\" is not on the allow-list.".formatted(origin));
            }
            return;
        }
        if (site != null || !"1".equals(only(request, "X-Handstamp"))) {
            throw new Refusal(Code.CSRF_REJECTED, null);
        }
    }

    private static String only(HttpServletRequest request, String name) {
        List<String> values = CredentialResolver.values(request, name);
        if (values.size() > 1) {
            throw new Refusal(Code.CSRF_REJECTED, "The header %s is there more than once.".formatted(name));
        }
        return values.isEmpty() ? null : values.get(0);
    }
}
