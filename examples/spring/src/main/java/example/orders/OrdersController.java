package example.orders;

import example.orders.problem.Code;
import example.orders.problem.ProblemException;
import example.orders.security.Caller;
import jakarta.validation.Valid;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** What organisations have ordered. Who may do what stands in {@code SecurityConfiguration}. */
@RestController
@RequestMapping("/orders")
class OrdersController {

    private final Orders orders;

    OrdersController(Orders orders) {
        this.orders = orders;
    }

    @GetMapping
    Map<String, List<Order>> list(Caller caller) {
        return Map.of("orders", own(caller).newestFirst());
    }

    @GetMapping("/{id}")
    Order show(Caller caller, @PathVariable String id) {
        return find(caller, id);
    }

    @PostMapping
    ResponseEntity<Order> add(Caller caller, @Valid @RequestBody OrderRequest asked) {
        Order order = own(caller).add(asked.item(), asked.quantity(), caller.sub());
        return ResponseEntity.created(URI.create("/orders/" + order.id())).body(order);
    }

    @DeleteMapping("/{id}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void remove(Caller caller, @PathVariable String id) {
        own(caller).remove(find(caller, id));
    }

    private Orders.Own own(Caller caller) {
        return orders.of(caller.orgId());
    }

    private Order find(Caller caller, String id) {
        // A number that is none is no order either.
        return (id.matches("[0-9]{1,18}") ? own(caller).find(Long.parseLong(id)) : Optional.<Order>empty())
                .orElseThrow(() -> new ProblemException(Code.NOT_FOUND, "There is no order \"%s\" in your organisation.".formatted(id)));
    }
}
