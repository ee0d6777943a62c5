package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"handstamp.example/orders/internal/auth"
	"handstamp.example/orders/internal/issuer"
	"handstamp.example/orders/internal/orders"
	"handstamp.example/orders/internal/revocation"
)

const issuerURL = "https://auth.example"

var ours, foreign = newKey(), newKey()

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// keysOf is one key under one id, or a set that cannot be had.
type keysOf struct{ unavailable bool }

func (k keysOf) Key(_ context.Context, id string) (*ecdsa.PublicKey, error) {
	switch {
	case k.unavailable:
		return nil, issuer.ErrNoKeys
	case id != "k1":
		return nil, issuer.ErrUnknownKey
	}
	return &ours.PublicKey, nil
}

// always judges every token the same.
type always revocation.Verdict

func (v always) Judge(revocation.Token) revocation.Verdict { return revocation.Verdict(v) }

func service(keys auth.Keys, verdict revocation.Verdict) http.Handler {
	guard := &auth.Guard{
		Verifier:       auth.NewVerifier(issuerURL, "orders", keys, always(verdict)),
		CookieName:     "__Host-Http-at",
		AllowedOrigins: []string{"https://app.example"},
	}
	return routes(guard, orders.NewStore(), func() bool { return true })
}

func good() http.Handler { return service(keysOf{}, revocation.Pass) }

type fields map[string]any

// sign signs a token that is good but for what the test changes; nil leaves something out.
func sign(method jwt.SigningMethod, key any, header, says fields) string {
	now := time.Now().Unix()
	claims := jwt.MapClaims{
		"iss": issuerURL, "aud": []string{"orders", "profiles"}, "sub": "ben", "client_id": "handstamp", "sid": "s1", "jti": "j1",
		"rev": "1.0", "org_id": "acme", "roles": []string{"buyer"}, "iat": now, "exp": now + 60,
	}
	maps.Copy(claims, says)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	unsigned := jwt.NewWithClaims(method, claims)
	unsigned.Header["typ"], unsigned.Header["kid"] = "at+jwt", "k1"
	maps.Copy(unsigned.Header, header)
	maps.DeleteFunc(unsigned.Header, func(_ string, value any) bool { return value == nil })
	text, err := unsigned.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}

func token(says fields) string { return sign(jwt.SigningMethodES256, ours, nil, says) }

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func cookie(token string) http.Header { return http.Header{"Cookie": {"__Host-Http-at=" + token}} }

// with returns the headers and some more.
func with(headers http.Header, more ...string) http.Header {
	headers = headers.Clone()
	for at := 0; at < len(more); at += 2 {
		headers.Add(more[at], more[at+1])
	}
	return headers
}

type answer struct {
	status  int
	headers http.Header
	body    struct {
		Code, Buyer string
		Status      int
		Orders      []orders.Order
		Errors      []struct{ Pointer string }
	}
}

func call(service http.Handler, method, path string, headers http.Header, body string) answer {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header = headers
	recorder := httptest.NewRecorder()
	service.ServeHTTP(recorder, request)
	reply := answer{status: recorder.Code, headers: recorder.Header()}
	// Not every answer is JSON; those that should be are looked into by their test.
	_ = json.Unmarshal(recorder.Body.Bytes(), &reply.body)
	return reply
}

func get(service http.Handler, path string, headers http.Header) answer {
	return call(service, http.MethodGet, path, headers, "")
}

func post(service http.Handler, headers http.Header, body string) answer {
	return call(service, http.MethodPost, "/orders", with(headers, "Content-Type", "application/json"), body)
}

func (a answer) expect(t *testing.T, status int, code string) {
	t.Helper()
	if a.status != status || a.body.Code != code {
		t.Errorf("answered %d %q, want %d %q", a.status, a.body.Code, status, code)
	}
}

const lamp = `{"item":"Lamp","quantity":2}`

func TestAGoodTokenOpensTheOrdersOfItsOrganisation(t *testing.T) {
	for _, headers := range []http.Header{bearer(token(nil)), cookie(token(nil))} {
		reply := get(good(), "/orders", headers)
		reply.expect(t, 200, "")
		if len(reply.body.Orders) != 3 || reply.body.Orders[0].ID != 3 {
			t.Errorf("%+v", reply.body.Orders)
		}
	}
}

func TestARefusalIsAProblemWithAChallenge(t *testing.T) {
	for _, tc := range []struct {
		reply     answer
		code      string
		challenge string
	}{
		{get(good(), "/orders", http.Header{}), "token_missing", "Bearer"},
		{get(good(), "/orders", bearer("x")), "token_malformed", `Bearer error="invalid_token", error_description="token_malformed"`},
		{post(good(), bearer(token(fields{"roles": nil})), lamp), "role_required", `Bearer error="insufficient_scope", error_description="role_required"`},
		{get(service(keysOf{}, revocation.Unknown), "/orders", bearer(token(nil))), "unavailable", ""},
	} {
		headers := tc.reply.headers
		if tc.reply.body.Code != tc.code || tc.reply.body.Status != tc.reply.status || headers.Get("WWW-Authenticate") != tc.challenge {
			t.Errorf("%s: %+v", tc.code, tc.reply)
		}
		if headers.Get("Content-Type") != "application/problem+json" || headers.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", tc.code, headers)
		}
	}
}

func TestATokenThatIsNotForUsIsRefused(t *testing.T) {
	for _, says := range []fields{
		{"iss": "https://evil.example"}, {"iss": issuerURL + "/"}, {"iss": nil}, {"aud": "profiles"}, {"aud": []string{}}, {"aud": nil},
		{"exp": nil}, {"iat": nil}, {"sub": nil}, {"sub": ""}, {"jti": nil}, {"rev": nil}, {"client_id": nil}, {"nbf": 4_000_000_000},
		{"iss": "https://evil.example", "exp": 1},
	} {
		get(good(), "/orders", bearer(token(says))).expect(t, 401, "token_invalid")
	}
	get(good(), "/orders", bearer(token(fields{"exp": 1}))).expect(t, 401, "token_expired")
	for _, text := range []string{"x", "a.b.c", "a.b.c.d.e", token(fields{"roles": "admin"})} {
		get(good(), "/orders", bearer(text)).expect(t, 401, "token_malformed")
	}
}

func TestOtherDocumentsOfTheIssuerAreNoAccessTokens(t *testing.T) {
	for _, header := range []fields{{"typ": "JWT"}, {"typ": "statuslist+jwt"}, {"typ": nil}, {"crit": []string{"x"}, "x": 1}} {
		text := sign(jwt.SigningMethodES256, ours, header, nil)
		get(good(), "/orders", bearer(text)).expect(t, 401, "token_invalid")
	}
}

func TestATokenOfAForeignKeyOfAnotherAlgorithmOrOfNone(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	publicKeyAsSecret, err := x509.MarshalPKIXPublicKey(&ours.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"foreign":     sign(jwt.SigningMethodES256, foreign, nil, nil),
		"unknown key": sign(jwt.SigningMethodES256, ours, fields{"kid": "k2"}, nil),
		"RS256":       sign(jwt.SigningMethodRS256, rsaKey, nil, nil),
		"HS256":       sign(jwt.SigningMethodHS256, publicKeyAsSecret, nil, nil),
		"none":        sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
	} {
		t.Run(name, func(t *testing.T) { get(good(), "/orders", bearer(text)).expect(t, 401, "token_invalid") })
	}
}

func TestATokenThatWasChanged(t *testing.T) {
	parts := strings.Split(token(nil), ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"iss":%q,"aud":"orders","sub":"eve","exp":4000000000}`, issuerURL)))

	get(good(), "/orders", bearer(strings.Join(parts, "."))).expect(t, 401, "token_invalid")
}

func TestWhatWasTakenBackAndWhatNobodyCanTell(t *testing.T) {
	headers := bearer(token(nil))
	get(service(keysOf{}, revocation.Dead), "/orders", headers).expect(t, 401, "token_revoked")
	get(service(keysOf{}, revocation.Stale), "/orders", headers).expect(t, 401, "token_stale")
	unknown := get(service(keysOf{}, revocation.Unknown), "/orders", headers)
	unknown.expect(t, 503, "unavailable")
	if unknown.headers.Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
	get(service(keysOf{unavailable: true}, revocation.Pass), "/orders", headers).expect(t, 503, "unavailable")
}

func TestARequestInWhichItCannotBeToldWhoseTokenCountsIsRefused(t *testing.T) {
	one, other := token(nil), token(fields{"sub": "eve"})

	get(good(), "/orders", with(bearer(one), "Cookie", "__Host-Http-at="+other)).expect(t, 401, "token_invalid")
	get(good(), "/orders", with(bearer(one), "Cookie", "__Host-Http-at="+one)).expect(t, 200, "")
	get(good(), "/orders", cookie(one+"; __Host-Http-at="+other)).expect(t, 401, "token_malformed")
	get(good(), "/orders", with(bearer(one), "Authorization", "Bearer "+other)).expect(t, 401, "token_malformed")
	get(good(), "/orders", http.Header{"Cookie": {"\t__Host-Http-at=" + one}}).expect(t, 401, "token_missing")
	get(good(), "/orders?access%5Ftoken="+one, http.Header{}).expect(t, 401, "token_invalid")
	get(good(), "/orders", http.Header{"Authorization": {"Basic eDp5"}}).expect(t, 401, "token_missing")
}

func TestACookieIsNotEnoughForARequestThatAnotherSiteMayHaveCaused(t *testing.T) {
	byCookie := cookie(token(nil))
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {"Origin", "https://app.example"}, {"X-Handstamp", "1"},
	} {
		post(good(), with(byCookie, headers...), lamp).expect(t, 201, "")
	}
	for _, headers := range [][]string{
		{},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site", "X-Handstamp", "1"},
		{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "https://evil.example", "X-Handstamp", "1"},
		{"Origin", "", "X-Handstamp", "1"},
		{"Origin", "null", "Sec-Fetch-Site", "cross-site"},
	} {
		post(good(), with(byCookie, headers...), lamp).expect(t, 403, "csrf_rejected")
	}
	post(good(), bearer(token(nil)), lamp).expect(t, 201, "")

	webSocket := []string{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	get(good(), "/orders", with(byCookie, append(webSocket, "Origin", "https://evil.example")...)).expect(t, 403, "csrf_rejected")
	get(good(), "/orders", with(byCookie, append(webSocket, "Origin", "https://app.example")...)).expect(t, 200, "")
}

func TestRolesDecideWhoOrdersAndWhoDeletes(t *testing.T) {
	service := good()
	nobody, buyer, admin := bearer(token(fields{"roles": nil})), bearer(token(nil)), bearer(token(fields{"roles": []string{"admin"}}))

	post(service, nobody, lamp).expect(t, 403, "role_required")
	placed := post(service, buyer, lamp)
	placed.expect(t, 201, "")
	if placed.headers.Get("Location") != "/orders/7" || placed.body.Buyer != "ben" {
		t.Errorf("%+v", placed)
	}
	call(service, http.MethodDelete, "/orders/7", buyer, "").expect(t, 403, "role_required")
	call(service, http.MethodDelete, "/orders/7", admin, "").expect(t, 204, "")
	get(service, "/orders/7", admin).expect(t, 404, "not_found")
}

func TestTheOrdersOfAnotherOrganisationAreNotThere(t *testing.T) {
	service := good()
	admin := bearer(token(fields{"roles": []string{"admin"}}))
	for _, path := range []string{"/orders/4", "/orders/99", "/orders/x"} {
		get(service, path, admin).expect(t, 404, "not_found")
	}
	call(service, http.MethodDelete, "/orders/4", admin, "").expect(t, 404, "not_found")
	get(service, "/orders/4", bearer(token(fields{"org_id": "globex"}))).expect(t, 200, "")
}

func TestPeopleWithoutAnOrganisationAndMachinesHaveNoOrders(t *testing.T) {
	get(good(), "/orders", bearer(token(fields{"org_id": nil}))).expect(t, 403, "org_mismatch")
	get(good(), "/orders", bearer(token(fields{"sub": "handstamp"}))).expect(t, 403, "caller_mismatch")
}

func TestABodyThatCannotBeTakenIsToldWhatIsWrongWithIt(t *testing.T) {
	buyer := bearer(token(nil))
	for body, code := range map[string]string{
		"{":                   "body_malformed",
		lamp + lamp:           "body_malformed",
		`{"item":7}`:          "validation_failed",
		`{"org_id":"globex"}`: "validation_failed",
		`{"item":"a\u0007b"}`: "validation_failed",
		`{"item":"` + strings.Repeat("x", 20_000) + `"}`: "body_too_large",
	} {
		if got := post(good(), buyer, body).body.Code; got != code {
			t.Errorf("%.40s: %s, want %s", body, got, code)
		}
	}
	call(good(), http.MethodPost, "/orders", buyer, lamp).expect(t, 415, "unsupported_media_type")
	wrong := post(good(), buyer, `{"item":" ","quantity":0}`).body.Errors
	if len(wrong) != 2 || wrong[0].Pointer != "/item" || wrong[1].Pointer != "/quantity" {
		t.Errorf("%+v", wrong)
	}
}

func TestAPathThatNobodyThoughtOfIsClosedAsWell(t *testing.T) {
	get(good(), "/statistics", http.Header{}).expect(t, 401, "token_missing")
	get(good(), "/statistics", bearer(token(nil))).expect(t, 404, "not_found")
	get(orders.Handler(orders.NewStore()), "/orders", bearer(token(nil))).expect(t, 401, "token_missing")
}
