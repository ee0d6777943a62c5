// Package issuer knows the auth service by its address. The rest is discovered (RFC 8414) when it is first needed.
package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	timeout     = 5 * time.Second
	maxDocument = 1 << 20
)

// Issuer is an auth service.
type Issuer struct {
	// URL is its address, exactly as in the iss of its tokens.
	URL string

	mu       sync.Mutex
	metadata *Metadata
}

// Metadata is what we use of the authorization server metadata.
type Metadata struct {
	Issuer         string `json:"issuer"`
	JWKSURI        string `json:"jwks_uri"`
	RevocationsURI string `json:"handstamp_revocations_uri"`
}

// New returns the issuer with this URL. It asks for nothing yet.
func New(url string) *Issuer { return &Issuer{URL: url} }

// Metadata returns the metadata. A failure is not remembered: the next call asks again.
func (i *Issuer) Metadata(ctx context.Context) (Metadata, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.metadata == nil {
		metadata, err := i.discover(ctx)
		if err != nil {
			return Metadata{}, err
		}
		i.metadata = &metadata
	}
	return *i.metadata, nil
}

func (i *Issuer) discover(ctx context.Context) (Metadata, error) {
	at, err := url.Parse(i.URL)
	if err != nil {
		return Metadata{}, err
	}
	// RFC 8414 §3.1: the issuer's path, where it has one, comes last.
	at.Path = "/.well-known/oauth-authorization-server" + strings.TrimSuffix(at.Path, "/")
	var found Metadata
	if err := fetchJSON(ctx, at.String(), &found); err != nil {
		return Metadata{}, err
	}
	// RFC 8414 §3.3: a document that speaks for somebody else must not be used.
	if found.Issuer != i.URL {
		return Metadata{}, fmt.Errorf("%s speaks for %q", at, found.Issuer)
	}
	if found.JWKSURI == "" || found.RevocationsURI == "" {
		return Metadata{}, fmt.Errorf("%s names no keys or no feed", at)
	}
	return found, nil
}

// client follows no redirect: what is fetched is believed because of where it is fetched from.
var client = &http.Client{
	Timeout:       timeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") },
}

func fetchJSON(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, reply.Status)
	}
	if err := json.NewDecoder(io.LimitReader(reply.Body, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}
