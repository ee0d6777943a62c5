// Package testing has real tokens, good and bad, for the tests of a service. It starts `handstamp dev-issuer` and asks it.
//
//	issuer := handstamp.Start(t, "orders")
//	token := issuer.Token(t, handstamp.Says{"sub": "ann", "roles": []string{"admin"}, "org_id": "acme"})
//	issuer.AssertClosed(t, server.URL, token, handstamp.Operation{Name: "GET /orders"})
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

// Invalid is a bad token, with what to send and what to expect.
type Invalid struct {
	Name, Class, Title, Why, Fix, Severity, Token, Query string
	Status                                               int
	Also                                                 []int
	Headers                                              [][2]string
	UnsafeMethod                                         bool `json:"unsafe_method"`
	Role                                                 bool
}

// Modes are where a client puts its token.
var Modes = []string{"bearer", "cookie"}

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
		t.Fatal(err)
	}
	return &DevIssuer{URL: ready.Issuer, client: &http.Client{Timeout: 10 * time.Second}}
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
	var reply struct{ Invalid []Invalid }
	d.Post(t, "/dev/invalid-tokens", Says{"token": token, "mode": mode, "cookie": cookie}, &reply)
	return reply.Invalid
}

// AssertClosed attacks a service, and fails the test for each bad token that is not refused.
func (d *DevIssuer) AssertClosed(t testing.TB, service, token, cookie string, operations ...Operation) {
	t.Helper()
	for _, found := range d.Attack(t, service, token, cookie, operations...) {
		t.Error(found)
	}
}

// Attack sends every bad token to every operation of a service, after a good one that has to get in, and returns what was not refused,
// in words. What careful libraries differ in, the severity `note`, is left out.
func (d *DevIssuer) Attack(t testing.TB, service, token, cookie string, operations ...Operation) (found []string) {
	t.Helper()
	// A service hears of what was taken back in a moment, or when it next asks: three seconds in all.
	waits := 100
	for _, mode := range Modes {
		invalid := d.InvalidTokens(t, token, mode, cookie)
		for _, operation := range operations {
			control, _ := d.send(t, service, operation, [][2]string{{"Authorization", "Bearer " + token}}, "")
			if control == http.StatusUnauthorized || control == http.StatusForbidden {
				found = append(found, fmt.Sprintf("%s answered %d to the good token, so it shows nothing that it refuses bad ones",
					operation.Name, control))
				continue
			}
			for _, bad := range invalid {
				if !bad.applies(operation) {
					continue
				}
				status, sent := d.send(t, service, operation, bad.Headers, bad.Query)
				for bad.Class == "revoked" && sent && !bad.isRefusedBy(status) && waits > 0 {
					waits--
					time.Sleep(30 * time.Millisecond)
					status, sent = d.send(t, service, operation, bad.Headers, bad.Query)
				}
				if sent && !bad.isRefusedBy(status) {
					found = append(found, fmt.Sprintf("%s (%s) answered %d to %s, %s: expected %d. %s",
						operation.Name, mode, status, bad.Name, bad.Title, bad.Status, bad.Fix))
				}
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

func (i Invalid) applies(operation Operation) bool {
	method, _, _ := strings.Cut(operation.Name, " ")
	isUnsafe := slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, method)
	return i.Severity != "note" && (operation.Role || !i.Role) && (isUnsafe || !i.UnsafeMethod)
}

func (i Invalid) isRefusedBy(status int) bool {
	return status == i.Status || slices.Contains(i.Also, status)
}

// send returns the status, and false where the headers cannot be sent.
func (d *DevIssuer) send(t testing.TB, service string, operation Operation, headers [][2]string, query string) (int, bool) {
	t.Helper()
	method, path, _ := strings.Cut(operation.Name, " ")
	var body io.Reader
	if operation.Body != nil {
		text, err := json.Marshal(operation.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	if query != "" {
		path += "?" + query
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
	// So that the connection can be used again.
	_, _ = io.Copy(io.Discard, reply.Body)
	return reply.StatusCode, true
}
