// Package revocation follows the auth service's revocation feed, so that a token which was taken back is refused within moments.
package revocation

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"handstamp.example/orders/internal/issuer"
)

const (
	// Heartbeats come every two seconds. Without three of them the connection is dead, whatever TCP says.
	silence = 6500 * time.Millisecond
	// A stream that was open for so long was a good one: the next attempt is made at once.
	goodStream   = 10 * time.Second
	shortestWait = 100 * time.Millisecond
	longestWait  = 10 * time.Second
	sweepEvery   = time.Minute
	// Request headers are not made for more.
	maxLastBatch = 4096
	// That news is fresh is shown by the nonce and our own clock; the wall clock need not be exact.
	clockTolerance = 5 * time.Minute
)

// Verdict is what is known about a token. A larger one is worse.
type Verdict int

const (
	// Pass: nothing is known against it.
	Pass Verdict = iota
	// Stale: its claims are out of date; refresh and repeat.
	Stale
	// Dead: it was taken back.
	Dead
	// Unknown: the news is too old to say.
	Unknown
)

// Client is who follows the feed, as registered with the auth service. The zero client follows a feed that is open.
type Client struct{ ID, Secret string }

// Feed follows the revocation feed, and says about each token what was heard.
//
// While nothing is heard, tokens go on being accepted for MaxStale. From then on none is: what was taken back in the meantime is
// not known, and 503 is the safe answer.
type Feed struct {
	issuer   *issuer.Issuer
	keys     *issuer.Keys
	client   Client
	maxStale time.Duration
	now      func() time.Time
	parser   *jwt.Parser
	http     *http.Client

	mu     sync.RWMutex
	ledger *ledger

	// lastBatch is shown when the next stream is opened. Only Follow touches it.
	lastBatch string
}

// NewFeed returns a feed that knows nothing yet; see [Feed.Follow].
func NewFeed(of *issuer.Issuer, client Client, maxStale time.Duration) *Feed {
	return &Feed{
		issuer:   of,
		keys:     of.FeedKeys(),
		client:   client,
		maxStale: maxStale,
		now:      time.Now,
		ledger:   newLedger(),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
			jwt.WithIssuer(of.URL),
			jwt.WithAudience("handstamp-revocations"),
			jwt.WithExpirationRequired(),
			jwt.WithLeeway(clockTolerance),
			jwt.WithStrictDecoding(),
		),
		// Without a time limit, because a stream has no end, and without redirects: credentials go to the address that was
		// discovered, and nowhere else.
		http: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") },
		},
	}
}

// Judge says what is known about a token.
func (f *Feed) Judge(token Token) Verdict {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.ledger.completeAt.IsZero() {
		return Unknown
	}
	verdict := f.ledger.judge(token)
	// What is known to be over is over, however old the news.
	if verdict == Pass && !f.isFresh() {
		return Unknown
	}
	return verdict
}

// IsFresh says whether the news is recent enough to accept tokens.
func (f *Feed) IsFresh() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.isFresh()
}

func (f *Feed) isFresh() bool {
	return !f.ledger.completeAt.IsZero() && f.now().Sub(f.ledger.completeAt) < f.maxStale
}

// Follow follows the feed until the context ends.
func (f *Feed) Follow(ctx context.Context) {
	go f.sweep(ctx)
	wait := shortestWait
	for ctx.Err() == nil {
		began := f.now()
		err := f.stream(ctx)
		wasGood := f.now().Sub(began) >= goodStream
		// The auth service ends each stream after a quarter of an hour; nothing is missed.
		if ctx.Err() == nil && !(wasGood && errors.Is(err, errEnded)) {
			slog.Warn("the revocation feed broke off", "error", err)
		}
		if wasGood || errors.Is(err, errGap) {
			wait = shortestWait
		}
		// A whole fleet loses its streams at the same moment: nobody comes back at the same.
		select {
		case <-ctx.Done():
		case <-time.After(mathrand.N(wait)):
		}
		wait = min(wait*2, longestWait)
	}
}

func (f *Feed) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.mu.Lock()
			f.ledger.forget(f.now())
			f.mu.Unlock()
		}
	}
}

var (
	errEnded  = errors.New("the stream ended")
	errSilent = errors.New("nothing was heard for too long")
)

// stream opens a stream and applies what it brings, until it breaks.
func (f *Feed) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer watchdog.Stop()

	nonce, askedAt := randomText(), f.now()
	body, err := f.open(ctx, nonce)
	if err != nil {
		return orCause(ctx, err)
	}
	defer body.Close()
	greeted := false
	events := newEventReader(body)
	for events.next() {
		text := events.data()
		news, err := f.verified(ctx, text)
		if err != nil {
			return orCause(ctx, err)
		}
		if err := f.take(news, text, greeted, nonce, askedAt); err != nil {
			return err
		}
		greeted = true
		watchdog.Reset(silence)
	}
	return orCause(ctx, errors.Join(events.err(), errEnded))
}

// orCause prefers why we gave up to what that looked like from within.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (f *Feed) open(ctx context.Context, nonce string) (io.ReadCloser, error) {
	metadata, err := f.issuer.Metadata(ctx)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, metadata.RevocationsURI, nil)
	if err != nil {
		return nil, err
	}
	request.URL.RawQuery = url.Values{"nonce": {nonce}}.Encode()
	request.Header.Set("Accept", "text/event-stream")
	if f.client != (Client{}) {
		// RFC 6749 §2.3.1: both parts are encoded as in a form first.
		request.SetBasicAuth(url.QueryEscape(f.client.ID), url.QueryEscape(f.client.Secret))
	}
	// Nobody but this goroutine moves the position, so it may read it without the lock.
	if position := f.ledger.position; position != nil {
		request.Header.Set("Last-Event-ID", position.String())
	}
	if f.lastBatch != "" {
		request.Header.Set("Handstamp-Last-Batch", f.lastBatch)
	}
	reply, err := f.http.Do(request)
	if err != nil {
		return nil, err
	}
	if reply.StatusCode != http.StatusOK || !strings.HasPrefix(reply.Header.Get("Content-Type"), "text/event-stream") {
		reply.Body.Close()
		return nil, fmt.Errorf("%s answered %s", metadata.RevocationsURI, reply.Status)
	}
	return reply.Body, nil
}

// verified believes a batch that the feed's own keys have signed.
func (f *Feed) verified(ctx context.Context, text string) (*batch, error) {
	var news batch
	_, err := f.parser.ParseWithClaims(text, &news, func(unverified *jwt.Token) (any, error) {
		return f.key(ctx, unverified.Header)
	})
	return &news, err
}

func (f *Feed) key(ctx context.Context, unverified map[string]any) (*ecdsa.PublicKey, error) {
	if _, critical := unverified["crit"]; critical || unverified["typ"] != "handstamp-rev+jwt" {
		return nil, errors.New("the header is not that of a batch")
	}
	kid, _ := unverified["kid"].(string)
	return f.keys.Key(ctx, kid)
}

func (f *Feed) take(news *batch, text string, greeted bool, nonce string, askedAt time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !greeted {
		return f.ledger.greet(news, nonce, askedAt)
	}
	if err := f.ledger.apply(news, f.now()); err != nil {
		return err
	}
	// The next connection shows how far the log was: an auth service whose database was put back learns of it.
	if len(text) <= maxLastBatch && !news.isGreeting() && *f.ledger.position == (place{news.Epoch, news.Through}) {
		f.lastBatch = text
	}
	return nil
}

// randomText returns 128 random bits.
func randomText() string {
	random := make([]byte, 16)
	// It never fails on the systems Go runs on, and ends the program where it does.
	if _, err := rand.Read(random); err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(random)
}
