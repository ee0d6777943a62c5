// Package orders is what organisations have ordered.
package orders

import (
	"slices"
	"sync"
)

// Order is one order.
type Order struct {
	ID       int    `json:"id"`
	OrgID    string `json:"org_id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
	// Buyer is the sub of whoever ordered.
	Buyer string `json:"buyer,omitempty"`
}

// Store keeps the orders of all organisations, in memory. Nobody gets at them but through [Store.Of].
type Store struct {
	mu     sync.RWMutex
	orders []Order
	lastID int
}

// NewStore returns a store with the first orders.
func NewStore() *Store {
	store := &Store{}
	for _, first := range []Order{
		{OrgID: "acme", Item: "Espresso machine", Quantity: 1},
		{OrgID: "acme", Item: "Coffee beans, 1 kg", Quantity: 12},
		{OrgID: "acme", Item: "Filing cabinet", Quantity: 2},
		{OrgID: "globex", Item: "Standing desk", Quantity: 3},
		{OrgID: "globex", Item: "Desk lamp", Quantity: 6},
		{OrgID: "globex", Item: "Whiteboard", Quantity: 1},
	} {
		store.Of(first.OrgID).Add(first)
	}
	return store
}

// Of returns what one organisation can reach: its own orders.
func (s *Store) Of(orgID string) Scope { return Scope{s, orgID} }

// Scope is one organisation's view of a store.
type Scope struct {
	store *Store
	orgID string
}

// List returns the organisation's orders, newest first.
func (s Scope) List() []Order {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	own := []Order{}
	for _, order := range s.store.orders {
		if order.OrgID == s.orgID {
			own = append(own, order)
		}
	}
	slices.Reverse(own)
	return own
}

// Find returns one of the organisation's orders. One of another organisation and one that never was look the same.
func (s Scope) Find(id int) (Order, bool) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	if at := s.index(id); at >= 0 {
		return s.store.orders[at], true
	}
	return Order{}, false
}

// Add adds an order to the organisation's, whatever organisation the order says it is of.
func (s Scope) Add(order Order) Order {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.lastID++
	order.ID, order.OrgID = s.store.lastID, s.orgID
	s.store.orders = append(s.store.orders, order)
	return order
}

// Remove returns whether there was such an order to remove.
func (s Scope) Remove(id int) bool {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	at := s.index(id)
	if at >= 0 {
		s.store.orders = slices.Delete(s.store.orders, at, at+1)
	}
	return at >= 0
}

func (s Scope) index(id int) int {
	return slices.IndexFunc(s.store.orders, func(order Order) bool { return order.ID == id && order.OrgID == s.orgID })
}
