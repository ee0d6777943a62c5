package example.orders;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One order.
 *
 * @param buyer the {@code sub} of whoever ordered
 */
public record Order(
        long id,
        @JsonProperty("org_id") String orgId,
        String item,
        int quantity,
        @JsonInclude(JsonInclude.Include.NON_NULL) String buyer) {
}
