package auth

import (
	"net/http"
	"slices"

	"handstamp.example/orders/internal/problem"
)

// refuseForgery refuses an unsafe request whose cookie a foreign page may have made the browser send.
//
// Other pages choose neither Sec-Fetch-Site nor Origin, so those decide. "same-site" alone is never trusted: a sibling host may
// be somebody else's. Without either, a header of our own makes browsers ask first before they send it across origins.
func refuseForgery(r *http.Request, allowedOrigins []string) error {
	// A WebSocket begins with a GET and is not safe: it carries whatever the page says.
	if isSafe(r.Method) && len(r.Header.Values("Sec-WebSocket-Key")) == 0 {
		return nil
	}
	for _, name := range []string{"Sec-Fetch-Site", "Origin", "X-Handstamp"} {
		if len(r.Header.Values(name)) > 1 {
			return problem.Detailf(problem.CSRFRejected, "The header %s is there more than once.", name)
		}
	}
	site, origin := r.Header.Values("Sec-Fetch-Site"), r.Header.Values("Origin")
	switch {
	case slices.Equal(site, []string{"same-origin"}) || slices.Equal(site, []string{"none"}):
		return nil
	case len(origin) == 1:
		if slices.Contains(allowedOrigins, origin[0]) {
			return nil
		}
		return problem.Detailf(problem.CSRFRejected, "The origin %q is not on the allow-list.", origin[0])
	case len(site) == 0 && r.Header.Get("X-Handstamp") == "1":
		return nil
	default:
		return problem.New(problem.CSRFRejected)
	}
}

func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}
