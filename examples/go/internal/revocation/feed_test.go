package revocation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"handstamp.example/orders/internal/issuer"
)

// authService is one as far as its feed goes. Every stream that is opened is greeted, and handed to the test.
type authService struct {
	*httptest.Server
	t       *testing.T
	key     *ecdsa.PrivateKey
	streams chan *stream
}

type stream struct {
	asked http.Header
	// tell sends a batch; closing it ends the stream.
	tell chan string
}

func startAuthService(t *testing.T) *authService {
	auth := &authService{t: t, key: newKey(t), streams: make(chan *stream)}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%[1]q,"handstamp_revocations_uri":"%[1]s/revocations"}`, auth.URL)
	})
	mux.HandleFunc("/revocations/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		text := base64.RawURLEncoding.EncodeToString
		x, y := make([]byte, 32), make([]byte, 32)
		auth.key.X.FillBytes(x)
		auth.key.Y.FillBytes(y)
		fmt.Fprintf(w, `{"keys":[{"kty":"EC","crv":"P-256","kid":"f1","x":%q,"y":%q}]}`, text(x), text(y))
	})
	mux.HandleFunc("/revocations", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		opened := &stream{r.Header, make(chan string)}
		send := func(text string) {
			fmt.Fprintf(w, "event: batch\ndata: %s\n\n", text)
			w.(http.Flusher).Flush()
		}
		send(auth.sign(auth.key, &batch{Epoch: 7, Nonce: r.URL.Query().Get("nonce"), SelectorKeyText: base64.RawURLEncoding.EncodeToString(key)}))
		select {
		case auth.streams <- opened:
		case <-r.Context().Done():
			return
		}
		for {
			select {
			case text, more := <-opened.tell:
				if !more {
					return
				}
				send(text)
			case <-r.Context().Done():
				return
			}
		}
	})
	auth.Server = httptest.NewServer(mux)
	t.Cleanup(auth.Close)
	return auth
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func (a *authService) sign(key *ecdsa.PrivateKey, b *batch) string {
	now := time.Now()
	b.TimeMS = now.UnixMilli()
	b.RegisteredClaims = jwt.RegisteredClaims{
		Issuer: a.URL, Audience: jwt.ClaimStrings{"handstamp-revocations"},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, b)
	unsigned.Header["typ"], unsigned.Header["kid"] = "handstamp-rev+jwt", "f1"
	text, err := unsigned.SignedString(key)
	if err != nil {
		a.t.Error(err)
	}
	return text
}

// next returns the stream that is opened next.
func (a *authService) next() *stream {
	a.t.Helper()
	select {
	case opened := <-a.streams:
		return opened
	case <-time.After(10 * time.Second):
		a.t.Fatal("no stream was opened")
		return nil
	}
}

func (a *authService) follow(client Client) *Feed {
	ctx, cancel := context.WithCancel(context.Background())
	feed := NewFeed(issuer.New(a.URL), client, 30*time.Second)
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed.Follow(ctx)
	}()
	a.t.Cleanup(func() { cancel(); <-done })
	return feed
}

func until(t *testing.T, feed *Feed, token Token, want Verdict) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); feed.Judge(token) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the verdict is %v, and never %v", feed.Judge(token), want)
		}
	}
}

func signOut(seq uint64, session string) *batch {
	hash := (&ledger{selectorKey: key}).selector("sid", session)
	ended := event{Seq: seq, Level: "sid", Selector: hash, Kind: "dead", ForgetAt: later}
	return &batch{Epoch: 7, After: seq - 1, Through: seq, Head: seq, Events: []event{ended}}
}

func TestNothingIsKnownBeforeTheGreetingAndASignOutAtOnce(t *testing.T) {
	auth := startAuthService(t)
	silent := NewFeed(issuer.New(auth.URL), Client{}, time.Hour)
	if silent.Judge(token("7.0")) != Unknown || silent.IsFresh() {
		t.Error("a feed that heard nothing lets somebody in")
	}

	feed := auth.follow(Client{ID: "orders", Secret: "a+b"})
	stream := auth.next()
	until(t, feed, token("7.0"), Pass)
	stream.tell <- auth.sign(auth.key, signOut(1, "s1"))
	until(t, feed, token("7.0"), Dead)

	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("orders:a%2Bb"))
	if got := stream.asked.Get("Authorization"); got != want {
		t.Error(got)
	}
}

func TestAStreamThatBreaksIsOpenedAgainFromWhereItBroke(t *testing.T) {
	auth := startAuthService(t)
	feed := auth.follow(Client{})
	first := auth.next()
	first.tell <- auth.sign(auth.key, signOut(1, "s1"))
	until(t, feed, token("7.0"), Dead)

	close(first.tell)
	second := auth.next()

	if got := second.asked.Get("Last-Event-Id"); got != "7.1" {
		t.Errorf("it goes on from %q", got)
	}
	if second.asked.Get("Handstamp-Last-Batch") == "" {
		t.Error("it does not show the newest batch it has")
	}
	until(t, feed, ofSession("7.0", "s2"), Pass)
}

func TestABatchOfAForeignKeyIsNotBelieved(t *testing.T) {
	auth := startAuthService(t)
	feed := auth.follow(Client{})
	first := auth.next()
	until(t, feed, token("7.0"), Pass)

	first.tell <- auth.sign(newKey(t), signOut(1, "s1"))
	auth.next()

	until(t, feed, token("7.0"), Pass)
}

func TestWithoutNewsForLongerThanTheBoundNothingIsAccepted(t *testing.T) {
	auth := startAuthService(t)
	feed := NewFeed(issuer.New(auth.URL), Client{}, 30*time.Second)
	var passed atomic.Int64
	feed.now = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go feed.Follow(ctx)
	auth.next().tell <- auth.sign(auth.key, signOut(1, "s1"))
	until(t, feed, token("7.0"), Dead)

	passed.Store(int64(29 * time.Second))
	until(t, feed, ofSession("7.0", "s2"), Pass)
	passed.Store(int64(30*time.Second + time.Second))
	until(t, feed, ofSession("7.0", "s2"), Unknown)
	until(t, feed, token("7.0"), Dead)
}

func TestEventsAreReadAndOthersSkipped(t *testing.T) {
	events := newEventReader(strings.NewReader(": hello\r\nevent: batch\r\nid: 1.2\r\ndata: one\r\n\r\nevent: other\ndata: no\n\nevent:batch\ndata:two\n\nevent: batch\ndata: half\n"))
	var found []string
	for events.next() {
		found = append(found, events.data())
	}
	if got := strings.Join(found, " "); got != "one two" {
		t.Error(got)
	}
}
