package example.orders;

import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Repository;

/** The orders of all organisations, in memory. Nobody gets at them but through {@link #of}. */
@Repository
public class Orders {

    private final NavigableMap<Long, Order> all = new ConcurrentSkipListMap<>();
    private final AtomicLong lastId = new AtomicLong();

    Orders() {
        of("acme").add("Espresso machine", 1, null);
        of("acme").add("Coffee beans, 1 kg", 12, null);
        of("acme").add("Filing cabinet", 2, null);
        of("globex").add("Standing desk", 3, null);
        of("globex").add("Desk lamp", 6, null);
        of("globex").add("Whiteboard", 1, null);
    }

    /** Returns what one organisation can reach: its own orders. */
    public Own of(String orgId) {
        return new Own(orgId);
    }

    /** One organisation's view. */
    public final class Own {

        private final String orgId;

        private Own(String orgId) {
            this.orgId = orgId;
        }

        /** Returns all of them. */
        public List<Order> newestFirst() {
            return all.descendingMap().values().stream().filter(this::has).toList();
        }

        /** Returns one of them. One of another organisation and one that never was look the same. */
        public Optional<Order> find(long id) {
            return Optional.ofNullable(all.get(id)).filter(this::has);
        }

        /** Adds an order. */
        public Order add(String item, int quantity, String buyer) {
            Order order = new Order(lastId.incrementAndGet(), orgId, item, quantity, buyer);
            all.put(order.id(), order);
            return order;
        }

        /** Removes one of them. */
        public void remove(Order order) {
            all.remove(order.id(), order);
        }

        private boolean has(Order order) {
            return order.orgId().equals(orgId);
        }
    }
}
