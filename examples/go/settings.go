package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"handstamp.example/orders/internal/revocation"
)

type settings struct {
	issuer         string
	audience       string
	address        string
	cookieName     string
	allowedOrigins []string
	// client is the zero client where the feed is open: `[revocation] subscribers = "open"`, as in the demo.
	client   revocation.Client
	maxStale time.Duration
}

// readSettings reads variables. What is missing or wrong stops the service before it listens.
func readSettings(lookup func(string) (string, bool)) (settings, error) {
	or := func(name, otherwise string) string {
		if value, set := lookup(name); set {
			return value
		}
		return otherwise
	}
	read := settings{
		issuer:     or("ISSUER", ""),
		audience:   or("AUDIENCE", "orders"),
		address:    net.JoinHostPort(or("HOST", "127.0.0.1"), or("PORT", "3003")),
		cookieName: or("COOKIE_NAME", "__Host-Http-at"),
	}
	if read.issuer == "" {
		return settings{}, errors.New("ISSUER is not set")
	}
	if err := believable(read.issuer); err != nil {
		return settings{}, err
	}
	if origins := or("ALLOWED_ORIGINS", ""); origins != "" {
		read.allowedOrigins = strings.Split(origins, ",")
	}
	seconds, err := strconv.ParseUint(or("MAX_STALE_SECONDS", "30"), 10, 16)
	if err != nil {
		return settings{}, fmt.Errorf("MAX_STALE_SECONDS: %w", err)
	}
	read.maxStale = time.Duration(seconds) * time.Second
	if id := or("CLIENT_ID", ""); id != "" {
		secret, err := os.ReadFile(or("CLIENT_SECRET_FILE", ""))
		if err != nil {
			return settings{}, fmt.Errorf("CLIENT_SECRET_FILE: %w", err)
		}
		read.client = revocation.Client{ID: id, Secret: strings.TrimSpace(string(secret))}
	}
	return read, nil
}

// believable refuses plain http from another machine: whoever stands between could hand us keys of their own.
func believable(issuer string) error {
	at, err := url.Parse(issuer)
	if err != nil {
		return fmt.Errorf("ISSUER: %w", err)
	}
	isNear := slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, at.Hostname())
	if at.Host == "" || at.Scheme != "https" && !(at.Scheme == "http" && isNear) {
		return fmt.Errorf("ISSUER must be an https address (http only on this machine): %s", issuer)
	}
	return nil
}
