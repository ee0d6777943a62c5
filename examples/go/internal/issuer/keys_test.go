package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The public key of RFC 7515 appendix A.3.
const (
	x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
	y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
)

func jwkText(id, more string) string {
	return fmt.Sprintf(`{"kid":%q,"kty":"EC","crv":"P-256","x":%q,"y":%q%s}`, id, x, y, more)
}

// published is a key set at an address, and how often it was fetched.
type published struct {
	set     string
	status  int
	fetched int
	now     time.Time
}

func serve(t *testing.T, set string) (*published, *Keys) {
	p := &published{set: set, status: http.StatusOK, now: time.Now()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.fetched++
		w.WriteHeader(p.status)
		fmt.Fprint(w, p.set)
	}))
	t.Cleanup(server.Close)
	keys := newKeys(func(context.Context) (string, error) { return server.URL, nil })
	keys.now = func() time.Time { return p.now }
	return p, keys
}

func expect(t *testing.T, keys *Keys, id string, want error) {
	t.Helper()
	if key, err := keys.Key(context.Background(), id); !errors.Is(err, want) || (err == nil) != (key != nil) {
		t.Errorf("%s: %v, want %v", id, err, want)
	}
}

func TestAKeySetIsFetchedOnceAndAgainWhenItIsOld(t *testing.T) {
	p, keys := serve(t, `{"keys":[`+jwkText("a", "")+`]}`)
	expect(t, keys, "a", nil)
	p.now = p.now.Add(keysLast - time.Second)
	expect(t, keys, "a", nil)
	if p.fetched != 1 {
		t.Errorf("fetched %d times", p.fetched)
	}

	p.set, p.now = `{"keys":[]}`, p.now.Add(time.Second)
	expect(t, keys, "a", ErrUnknownKey)
}

func TestAnUnknownKeyIsAskedForButNotOnEveryRequest(t *testing.T) {
	p, keys := serve(t, `{"keys":[`+jwkText("a", "")+`]}`)
	expect(t, keys, "a", nil)
	for range 10 {
		expect(t, keys, "b", ErrUnknownKey)
	}
	if p.fetched != 1 {
		t.Errorf("fetched %d times", p.fetched)
	}

	p.set, p.now = `{"keys":[`+jwkText("b", "")+`]}`, p.now.Add(unknownKeyCooldown)
	expect(t, keys, "b", nil)
}

func TestKeysThatCannotBeHadAreNotTheTokensFaultAndNotAskedForOnEveryRequest(t *testing.T) {
	p, keys := serve(t, "")
	p.status = http.StatusInternalServerError
	for range 10 {
		expect(t, keys, "a", ErrNoKeys)
	}
	if p.fetched != 1 {
		t.Errorf("fetched %d times", p.fetched)
	}

	p.set, p.status, p.now = `{"keys":[`+jwkText("a", "")+`]}`, http.StatusOK, p.now.Add(failureCooldown)
	expect(t, keys, "a", nil)
}

func TestKeysForSomethingElseAreLeftOut(t *testing.T) {
	for name, other := range map[string]string{
		"encryption":        jwkText("a", `,"use":"enc"`),
		"another algorithm": jwkText("a", `,"alg":"ES384"`),
		"a secret":          `{"kid":"a","kty":"oct","k":"AAAA"}`,
		"no point":          `{"kid":"a","kty":"EC","crv":"P-256","x":"` + x + `","y":"` + x + `"}`,
		"a short number":    `{"kid":"a","kty":"EC","crv":"P-256","x":"AAAA","y":"` + y + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, keys := serve(t, `{"keys":[`+other+`]}`)
			expect(t, keys, "a", ErrUnknownKey)
		})
	}
}

func TestAnIssuerThatSpeaksForSomebodyElseIsNotUsed(t *testing.T) {
	var says string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/oauth-authorization-server/tenant" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"https://a/jwks","handstamp_revocations_uri":"https://a/revocations"}`, says)
	}))
	t.Cleanup(server.Close)
	from := New(server.URL + "/tenant")

	says = "https://evil.example"
	if _, err := from.Metadata(context.Background()); err == nil {
		t.Error("it was used")
	}
	says = server.URL + "/tenant"
	if found, err := from.Metadata(context.Background()); err != nil || found.JWKSURI != "https://a/jwks" {
		t.Error(found, err)
	}
}
