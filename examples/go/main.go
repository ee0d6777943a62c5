// Command orders is an orders service that verifies Handstamp's access tokens with golang-jwt and follows the revocation feed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"handstamp.example/orders/internal/auth"
	"handstamp.example/orders/internal/issuer"
	"handstamp.example/orders/internal/orders"
	"handstamp.example/orders/internal/revocation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("the service cannot run", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	from := issuer.New(settings.issuer)
	feed := revocation.NewFeed(from, settings.client, settings.maxStale)
	guard := &auth.Guard{
		Verifier:       auth.NewVerifier(settings.issuer, settings.audience, from.AccessTokenKeys(), feed),
		CookieName:     settings.cookieName,
		AllowedOrigins: settings.allowedOrigins,
	}
	go feed.Follow(ctx)

	listener, err := net.Listen("tcp", settings.address)
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	return serve(ctx, listener, routes(guard, orders.NewStore(), feed.IsFresh))
}

// routes closes everything but the two that say how the service is.
func routes(guard *auth.Guard, store *orders.Store, isReady func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health/live", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "live\n") })
	mux.HandleFunc("GET /health/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !isReady() {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ready\n")
	})
	mux.Handle("/", guard.Protect(orders.Handler(store)))
	return mux
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(within)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
