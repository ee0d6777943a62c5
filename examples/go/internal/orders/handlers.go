package orders

import (
	"encoding/json"
	"net/http"
	"strconv"

	"handstamp.example/orders/internal/auth"
	"handstamp.example/orders/internal/problem"
)

// Handler answers for the orders in a store. It has to stand behind an [auth.Guard], and is closed where it does not.
func Handler(store *Store) http.Handler {
	h := handler{store}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", telling(h.list))
	mux.Handle("POST /orders", telling(h.add))
	mux.Handle("GET /orders/{id}", telling(h.show))
	mux.Handle("DELETE /orders/{id}", telling(h.remove))
	mux.Handle("/", telling(func(http.ResponseWriter, *http.Request) error { return problem.New(problem.NotFound) }))
	return mux
}

// telling is a handler whose error becomes the answer.
type telling func(http.ResponseWriter, *http.Request) error

func (handle telling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := handle(w, r); err != nil {
		problem.Write(w, r, err)
	}
}

type handler struct{ store *Store }

func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	caller, err := auth.InOrg(r.Context())
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string][]Order{"orders": h.store.Of(caller.OrgID).List()})
}

func (h handler) show(w http.ResponseWriter, r *http.Request) error {
	caller, err := auth.InOrg(r.Context())
	if err != nil {
		return err
	}
	order, err := find(h.store.Of(caller.OrgID), r.PathValue("id"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, order)
}

func (h handler) add(w http.ResponseWriter, r *http.Request) error {
	caller, err := auth.InOrgWith(r.Context(), "buyer")
	if err != nil {
		return err
	}
	order, err := read(w, r)
	if err != nil {
		return err
	}
	order.Buyer = caller.Subject
	order = h.store.Of(caller.OrgID).Add(order)
	w.Header().Set("Location", "/orders/"+strconv.Itoa(order.ID))
	return reply(w, http.StatusCreated, order)
}

func (h handler) remove(w http.ResponseWriter, r *http.Request) error {
	caller, err := auth.InOrgWith(r.Context(), "admin")
	if err != nil {
		return err
	}
	own := h.store.Of(caller.OrgID)
	order, err := find(own, r.PathValue("id"))
	if err != nil {
		return err
	}
	own.Remove(order.ID)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// find takes an order of another organisation, an order that never was, and a number that is none for the same.
func find(own Scope, id string) (Order, error) {
	if number, err := strconv.Atoi(id); err == nil {
		if order, found := own.Find(number); found {
			return order, nil
		}
	}
	return Order{}, problem.Detailf(problem.NotFound, "There is no order %q in your organisation.", id)
}

func reply(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is sent: a client that is gone by now cannot be told anything else.
	_, _ = w.Write(body)
	return nil
}
