// Package testing has real tokens, good and bad, for the tests of a service. It starts `handstamp dev-issuer` and asks it.
//
//	issuer := handstamp.Start(t, "orders")
//	token := issuer.Token(t, handstamp.Says{"sub": "ann", "roles": []string{"admin"}, "org_id": "acme"})
//	issuer.AssertClosed(t, server.URL, handstamp.Attack{Token: token, Operations: []handstamp.Operation{{Name: "GET /orders"}}})
package testing

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// DevIssuer is an issuer in a process of its own. Nothing that matters may ever trust it.
type DevIssuer struct {
	// URL is the issuer's address, as in the tokens' `iss`.
	URL    string
	client *http.Client
}

// Says is what a token says: sub, roles, org_id, sid, audience, expires_in, claims and so on. All of it may be left out.
type Says map[string]any

// Operation is what is attacked: `POST /orders`, with a body to send, and whether it asks for a role.
type Operation struct {
	Name string
	Body any
	Role bool
}

// Attack is what a service is sent.
type Attack struct {
	// Token is a good one, which every operation lets in.
	Token      string
	Operations []Operation
	// Modes are where the service takes tokens. None: "bearer" and "cookie".
	Modes []string
	// Cookie is the name of the service's cookie. Empty: `__Host-Http-at`.
	Cookie string
	// Without are names of cases that the service lets pass on purpose.
	Without []string
	// Strict also sends what careful libraries differ in: a matter of strictness, by which alone nobody gets in.
	Strict bool
}

// Invalid is a bad token, with what to send and what to expect.
type Invalid struct {
	Name, Class, Title, Why, Fix, Severity, Token, Query string
	Status                                               int
	Also                                                 []int
	Headers                                              [][2]string
	UnsafeMethod                                         bool `json:"unsafe_method"`
	Role                                                 bool
}

// set is what the issuer makes of one good token.
type set struct {
	GoodHeaders [][2]string `json:"good_headers"`
	Invalid     []Invalid
}

// Start starts an issuer that ends with the test. The program is `handstamp` in the path, unless the variable HANDSTAMP names another.
func Start(t testing.TB, audience string, options ...string) *DevIssuer {
	t.Helper()
	program := os.Getenv("HANDSTAMP")
	if program == "" {
		program = "handstamp"
	}
	arguments := append([]string{"dev-issuer", "--audience", audience, "--listen", "127.0.0.1:0", "--json"}, options...)
	process := exec.Command(program, arguments...)
	process.Stderr = os.Stderr
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatalf("%s cannot be started: set HANDSTAMP to the program: %v", program, err)
	}
	t.Cleanup(func() {
		// It may have ended by itself.
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("handstamp dev-issuer ended: %v", err)
	}
	var ready struct{ Issuer string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("%s is not handstamp, it says %q: set HANDSTAMP to the program", program, line)
	}
	return &DevIssuer{URL: ready.Issuer, client: &http.Client{
		Timeout: 10 * time.Second,
		// What an operation answers is judged, and not what there is where it sends whom it let in.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Token makes a token.
func (d *DevIssuer) Token(t testing.TB, says Says) string {
	t.Helper()
	var reply struct {
		Token string `json:"access_token"`
	}
	d.Post(t, "/dev/tokens", says, &reply)
	return reply.Token
}

// Revoke takes tokens back: `{"token": …}`, or `{"level": "sid", "value": …, "kind": "dead"}`.
func (d *DevIssuer) Revoke(t testing.TB, what Says) {
	t.Helper()
	d.Post(t, "/dev/revocations", what, nil)
}

// Advance moves the issuer's clock by so many seconds. The service's own does not move.
func (d *DevIssuer) Advance(t testing.TB, seconds int) {
	t.Helper()
	d.Post(t, "/dev/clock", Says{"advance": seconds}, nil)
}

// InvalidTokens returns every class of bad token made of this good one.
func (d *DevIssuer) InvalidTokens(t testing.TB, token, mode, cookie string) []Invalid {
	t.Helper()
	return d.set(t, token, mode, cookie).Invalid
}

// AssertClosed attacks a service, and fails the test for each bad token that is not refused.
func (d *DevIssuer) AssertClosed(t testing.TB, service string, attack Attack) {
	t.Helper()
	for _, found := range d.Attack(t, service, attack) {
		t.Error(found)
	}
}

// Attack sends every bad token to every operation of a service, after a good one that has to get in, and which has to get in once more
// in the end. It returns what was not refused, in words.
func (d *DevIssuer) Attack(t testing.TB, service string, attack Attack) (found []string) {
	t.Helper()
	if len(attack.Operations) == 0 {
		t.Fatal("nothing is attacked: name operations")
	}
	if len(attack.Modes) == 0 {
		attack.Modes = []string{"bearer", "cookie"}
	}
	if attack.Cookie == "" {
		attack.Cookie = "__Host-Http-at"
	}
	sets := make([]set, len(attack.Modes))
	for turn, mode := range attack.Modes {
		sets[turn] = d.set(t, attack.Token, mode, attack.Cookie)
	}
	// A service hears of what was taken back in a moment, or when it next asks: three seconds in all.
	waits := 100
	for _, operation := range attack.Operations {
		for turn, mode := range attack.Modes {
			control, sent := d.send(t, service, operation, sets[turn].GoodHeaders, "")
			if nothing := attack.showsNothing(turn, control, sent); nothing != "" {
				found = append(found, operation.Name+" "+nothing)
				break
			}
			for _, bad := range sets[turn].Invalid {
				if !attack.sends(bad, operation) {
					continue
				}
				status, sent := d.send(t, service, operation, bad.Headers, bad.Query)
				for bad.Class == "revoked" && sent && !bad.isRefusedBy(status) && waits > 0 {
					waits--
					time.Sleep(30 * time.Millisecond)
					status, sent = d.send(t, service, operation, bad.Headers, bad.Query)
				}
				if sent && bad.isRefusedBy(status) {
					continue
				}
				did := fmt.Sprintf("answered %d to", status)
				if !sent {
					did = "cannot be sent"
				}
				found = append(found, fmt.Sprintf("%s (%s) %s %s, %s: expected %d. %s",
					operation.Name, mode, did, bad.Name, bad.Title, bad.Status, bad.Fix))
			}
			if after, _ := d.send(t, service, operation, sets[turn].GoodHeaders, ""); isRefusal(after) {
				found = append(found, fmt.Sprintf("%s answered %d to the good token %s after the bad ones, so it shows nothing that it "+
					"refused those: does it count failures, or end the session that it is called in?",
					operation.Name, after, attack.place(turn)))
				break
			}
		}
	}
	return found
}

// Post sends JSON to the issuer and reads the answer, unless it is nil.
func (d *DevIssuer) Post(t testing.TB, path string, body, answer any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := d.client.Post(d.URL+path, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	content, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	if reply.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, content)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(content, answer); err != nil {
		t.Fatal(err)
	}
}

func (d *DevIssuer) set(t testing.TB, token, mode, cookie string) (made set) {
	t.Helper()
	d.Post(t, "/dev/invalid-tokens", Says{"token": token, "mode": mode, "cookie": cookie}, &made)
	return made
}

// showsNothing returns why the answer to a good token makes the answers to bad ones worthless, if it does.
func (a Attack) showsNothing(turn, status int, sent bool) string {
	place := a.place(turn)
	switch {
	case !sent:
		return "cannot be sent the good token " + place + ": it has characters that a request cannot have"
	case isRefusal(status):
		why := fmt.Sprintf("answered %d to the good token %s, so it shows nothing that it refuses bad ones", status, place)
		if turn > 0 {
			why += ". Name the cookie it reads, or leave the mode out where it reads none"
		}
		return why
	// What the first good token was about may be gone when the second comes.
	case turn == 0 && (status == http.StatusNotFound || status == http.StatusMethodNotAllowed):
		return fmt.Sprintf("answered %d to the good token, as where nothing is: "+
			"name an operation that is there, on something that is there", status)
	}
	return ""
}

// place says where the token is in a mode.
func (a Attack) place(turn int) string {
	if a.Modes[turn] == "cookie" {
		return "in the cookie " + a.Cookie
	}
	return "as bearer"
}

func isRefusal(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

func (a Attack) sends(bad Invalid, operation Operation) bool {
	method, _, _ := strings.Cut(operation.Name, " ")
	isUnsafe := slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, method)
	isWanted := (a.Strict || bad.Severity != "note") && !slices.Contains(a.Without, bad.Name)
	return isWanted && (operation.Role || !bad.Role) && (isUnsafe || !bad.UnsafeMethod)
}

func (i Invalid) isRefusedBy(status int) bool {
	return status == i.Status || slices.Contains(i.Also, status)
}

// send returns the status, and false where this client cannot send the headers.
func (d *DevIssuer) send(t testing.TB, service string, operation Operation, headers [][2]string, query string) (int, bool) {
	t.Helper()
	method, path, isThere := strings.Cut(operation.Name, " ")
	if !isThere || !strings.HasPrefix(path, "/") {
		t.Fatalf("%q is no operation: write a method, a space and a path, as in \"GET /orders/1\"", operation.Name)
	}
	var body io.Reader
	if operation.Body != nil {
		text, err := json.Marshal(operation.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	if query != "" {
		joint := "?"
		if strings.Contains(path, "?") {
			joint = "&"
		}
		path += joint + query
	}
	request, err := http.NewRequest(method, service+path, body)
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", operation.Name, err))
	}
	if operation.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		request.Header.Add(header[0], header[1])
	}
	reply, err := d.client.Do(request)
	if err != nil {
		if strings.Contains(err.Error(), "invalid header field value") {
			return 0, false
		}
		t.Fatal(fmt.Errorf("%s: %w", operation.Name, err))
	}
	defer reply.Body.Close()
	// So that the connection can be used again. An event stream has no end.
	if !strings.HasPrefix(reply.Header.Get("Content-Type"), "text/event-stream") {
		_, _ = io.Copy(io.Discard, reply.Body)
	}
	return reply.StatusCode, true
}
