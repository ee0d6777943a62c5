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

	devIssuer.AssertClosed(t, server.URL, token, "__Host-Http-at",
		handstamp.Operation{Name: "GET /orders"},
		handstamp.Operation{Name: "GET /orders/1"},
		handstamp.Operation{Name: "POST /orders", Body: map[string]any{"item": "Lamp", "quantity": 2}, Role: true},
		handstamp.Operation{Name: "DELETE /orders/1", Role: true},
	)

	// What is open on purpose is found, so the test can find something.
	found := devIssuer.Attack(t, server.URL, token, "__Host-Http-at", handstamp.Operation{Name: "GET /health/live"})
	if !strings.Contains(strings.Join(found, "\n"), "credentials/none") {
		t.Errorf("an open operation was not found: %q", found)
	}
}
