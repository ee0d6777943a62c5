package example.orders;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;

/** The body of {@code POST /orders}. */
public record OrderRequest(
        @NotBlank @Size(max = 120) @Pattern(regexp = "\\P{Cntrl}*", message = "must be on one line") String item,
        @Min(1) @Max(1000) Integer quantity) {

    public OrderRequest {
        item = item == null ? null : item.strip();
        quantity = quantity == null ? 1 : quantity;
    }
}
