package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
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
	for deadline := time.Now().Add(10 * time.Second); !feed.IsFresh(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the feed says nothing")
		}
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

	// An operation that takes everything and goes on to a closed page is open.
	takesAll := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			http.Redirect(w, r, server.URL+"/orders", http.StatusSeeOther)
			return
		}
		http.NotFound(w, r)
	}))
	defer takesAll.Close()
	found := devIssuer.Attack(t, takesAll.URL, handstamp.Attack{Token: token, Operations: []handstamp.Operation{{Name: "POST /orders"}}})
	if !strings.Contains(strings.Join(found, "\n"), "answered 303 to credentials/none") {
		t.Errorf("an operation that redirects whomever it let in counts as closed: %q", found)
	}
}

func TestAServiceThatRefusesTheGoodTokenInTheEndHasShownNothing(t *testing.T) {
	devIssuer := handstamp.Start(t, "orders")
	// Nobody ever looks at the token: the first request is let in, whoever sends it, and none after that.
	var isLocked atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(reply http.ResponseWriter, _ *http.Request) {
		if isLocked.Swap(true) {
			reply.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()

	found := devIssuer.Attack(t, server.URL, handstamp.Attack{
		Token: devIssuer.Token(t, handstamp.Says{}), Operations: []handstamp.Operation{{Name: "GET /"}}, Modes: []string{"bearer"},
	})

	if len(found) != 1 || !strings.HasPrefix(found[0], "GET / answered 401 to the good token as bearer after the bad ones") {
		t.Errorf("found %q", found)
	}
}

func TestAnEventStreamHasNoEndAndIsNotWaitedFor(t *testing.T) {
	devIssuer := handstamp.Start(t, "orders")
	token := devIssuer.Token(t, handstamp.Says{})
	events := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer events.Close()
	began := time.Now()

	devIssuer.AssertClosed(t, events.URL, handstamp.Attack{
		Token: token, Operations: []handstamp.Operation{{Name: "GET /events"}}, Modes: []string{"bearer"},
	})

	// A client that reads to the end gives up after ten seconds.
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("it took %v", took)
	}
}
