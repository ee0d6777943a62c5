package example.orders.security;

/**
 * Somebody who is signed in and belongs to an organisation. A handler that asks for one is closed to everybody else.
 *
 * @param sub   who it is
 * @param orgId whose data they may reach
 */
public record Caller(String sub, String orgId) {
}
