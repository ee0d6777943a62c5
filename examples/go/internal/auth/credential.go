package auth

import (
	"net/http"
	"strings"

	"handstamp.example/orders/internal/problem"
)

// credential is a token as it arrived, believed by nobody yet.
type credential struct {
	unverified string
	// fromCookie says that a browser may have attached it by itself.
	fromCookie bool
}

// find returns the one token of a request. A request in which it cannot be told whose token counts is refused: each rule here has
// been somebody's vulnerability.
func find(r *http.Request, cookieName string) (credential, error) {
	if r.URL.Query().Has("access_token") {
		return credential{}, problem.Detailf(problem.TokenInvalid, "A token stands in the query string, where none is accepted.")
	}
	bearer, err := bearerToken(r.Header.Values("Authorization"))
	if err != nil {
		return credential{}, err
	}
	cookie, err := cookieValue(r.Header.Values("Cookie"), cookieName)
	if err != nil {
		return credential{}, err
	}
	switch {
	case bearer != "" && cookie != "" && bearer != cookie:
		return credential{}, problem.Detailf(problem.TokenInvalid, "The cookie and the Authorization header hold different tokens.")
	case bearer != "":
		// A foreign page cannot set the header, so with the same token in both it is the header that counts.
		return credential{unverified: bearer}, nil
	case cookie != "":
		return credential{unverified: cookie, fromCookie: true}, nil
	default:
		return credential{}, problem.New(problem.TokenMissing)
	}
}

func bearerToken(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	malformed := problem.Detailf(problem.TokenMalformed, "The Authorization header is malformed.")
	if len(values) > 1 {
		return "", malformed
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		// Another scheme is for somebody else.
		return "", nil
	}
	token := strings.Trim(rest, " ")
	if token == "" || strings.ContainsAny(token, " \t,") {
		return "", malformed
	}
	return token, nil
}

// cookieValue is not net/http's: two cookies of one name have to be seen, and a look-alike name must stay another cookie.
func cookieValue(headers []string, name string) (string, error) {
	refused := problem.Detailf(problem.TokenMalformed, "The cookie was refused.")
	value, found := "", false
	for _, pair := range strings.Split(strings.Join(headers, ";"), ";") {
		named, is := strings.CutPrefix(strings.TrimPrefix(pair, " "), name+"=")
		if !is {
			continue
		}
		if found || strings.ContainsFunc(named, isNoCookieOctet) {
			return "", refused
		}
		value, found = named, true
	}
	return value, nil
}

// isNoCookieOctet goes by RFC 6265 §4.1.1.
func isNoCookieOctet(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;\`, r)
}
