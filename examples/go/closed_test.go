package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	handstamp "handstamp.example/testing"

	"handstamp.example/orders/internal/auth"
	"handstamp.example/orders/internal/issuer"
	"handstamp.example/orders/internal/orders"
	"handstamp.example/orders/internal/revocation"
)

func TestNoOperationLetsABadTokenPass(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	devIssuer := handstamp.Start(t, "orders")
	from := issuer.New(devIssuer.URL)
	feed := revocation.NewFeed(from, revocation.Client{}, time.Minute)
	go feed.Follow(ctx)
	guard := &auth.Guard{
		Verifier:   auth.NewVerifier(devIssuer.URL, "orders", from.AccessTokenKeys(), feed),
		CookieName: "__Host-Http-at",
	}
	server := httptest.NewServer(routes(guard, orders.NewStore(), feed.IsFresh))
	defer server.Close()
	for !feed.IsFresh() {
		time.Sleep(10 * time.Millisecond)
	}
	token := devIssuer.Token(t, handstamp.Says{"sub": "ben", "org_id": "acme", "roles": []string{"buyer", "admin"}})

	devIssuer.AssertClosed(t, server.URL, handstamp.Attack{Token: token, Operations: []handstamp.Operation{
		{Name: "GET /orders"},
		{Name: "GET /orders/1"},
		{Name: "POST /orders", Body: map[string]any{"item": "Lamp", "quantity": 2}, Role: true},
		{Name: "DELETE /orders/1", Role: true},
	}})

	// The test can find something: what is open on purpose, what is not there, what nobody can say anything about.
	for _, open := range []struct {
		attack handstamp.Attack
		found  string
	}{
		{handstamp.Attack{Operations: []handstamp.Operation{{Name: "GET /health/live"}}}, "credentials/none"},
		{handstamp.Attack{Operations: []handstamp.Operation{{Name: "GET /ordres"}}}, "answered 404 to the good token"},
		{handstamp.Attack{Operations: []handstamp.Operation{{Name: "GET /orders", Role: true}}}, "rights/no-roles"},
		{
			handstamp.Attack{Operations: []handstamp.Operation{{Name: "GET /orders"}}, Cookie: "another"},
			"answered 401 to the good token in the cookie another",
		},
	} {
		open.attack.Token = token
		found := strings.Join(devIssuer.Attack(t, server.URL, open.attack), "\n")
		if !strings.Contains(found, open.found) {
			t.Errorf("%q was not found: %q", open.found, found)
		}
	}
}
