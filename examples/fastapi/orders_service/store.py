"""What organisations have ordered."""

from itertools import count

from pydantic import BaseModel

FIRST_ORDERS = (
    ("acme", "Espresso machine", 1),
    ("acme", "Coffee beans, 1 kg", 12),
    ("acme", "Filing cabinet", 2),
    ("globex", "Standing desk", 3),
    ("globex", "Desk lamp", 6),
    ("globex", "Whiteboard", 1),
)


class Order(BaseModel, frozen=True):
    """One order."""

    id: int
    org_id: str
    item: str
    quantity: int
    buyer: str | None
    """The `sub` of whoever ordered."""


class Orders:
    """The orders of all organisations, in memory. Nobody gets at them but through `of`."""

    def __init__(self) -> None:
        """Begin with the first orders."""
        self._ids = count(1)
        self._all: dict[int, Order] = {}
        for org_id, item, quantity in FIRST_ORDERS:
            self.of(org_id).add(item, quantity, buyer=None)

    def of(self, org_id: str) -> "OwnOrders":
        """Return what one organisation can reach: its own orders."""
        return OwnOrders(self._all, self._ids, org_id)


class OwnOrders:
    """One organisation's view."""

    def __init__(self, everybodys: dict[int, Order], ids: "count[int]", org_id: str) -> None:
        """See the orders of one organisation."""
        self._all = everybodys
        self._ids = ids
        self._org_id = org_id

    def newest_first(self) -> list[Order]:
        """Return all of them."""
        return [order for order in reversed(self._all.values()) if order.org_id == self._org_id]

    def find(self, order_id: int) -> Order | None:
        """Return one of them. One of another organisation and one that never was look the same."""
        order = self._all.get(order_id)
        return order if order and order.org_id == self._org_id else None

    def add(self, item: str, quantity: int, buyer: str | None) -> Order:
        """Add an order."""
        order = Order(id=next(self._ids), org_id=self._org_id, item=item, quantity=quantity, buyer=buyer)
        self._all[order.id] = order
        return order

    def remove(self, order_id: int) -> None:
        """Remove one of them, if it is there."""
        if self.find(order_id):
            del self._all[order_id]
