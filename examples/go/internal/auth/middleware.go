package auth

import (
	"context"
	"net/http"

	"handstamp.example/orders/internal/problem"
)

// Guard lets nobody past without a good token.
type Guard struct {
	Verifier *Verifier
	// CookieName is where browsers keep the access token.
	CookieName string
	// AllowedOrigins may send unsafe requests with cookies, beside the service's own.
	AllowedOrigins []string
}

// callerKey is the context's key for the [Principal].
type callerKey struct{}

// Caller returns who is calling.
func Caller(ctx context.Context) (Principal, bool) {
	caller, ok := ctx.Value(callerKey{}).(Principal)
	return caller, ok
}

// Protect closes everything behind it to whoever shows no good token.
func (g *Guard) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, err := g.caller(r)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller)))
	})
}

func (g *Guard) caller(r *http.Request) (Principal, error) {
	found, err := find(r, g.CookieName)
	if err != nil {
		return Principal{}, err
	}
	if found.fromCookie {
		if err := refuseForgery(r, g.AllowedOrigins); err != nil {
			return Principal{}, err
		}
	}
	return g.Verifier.Verify(r.Context(), found.unverified)
}

// InOrg returns the caller if it is somebody who belongs to an organisation.
func InOrg(ctx context.Context) (Principal, error) {
	caller, ok := Caller(ctx)
	switch {
	case !ok:
		// A route that was mounted outside of the guard is closed, not open.
		return Principal{}, problem.New(problem.TokenMissing)
	case !caller.IsPerson:
		return Principal{}, problem.Detailf(problem.CallerMismatch, "This is for people who are signed in.")
	case caller.OrgID == "":
		return Principal{}, problem.New(problem.OrgMismatch)
	}
	return caller, nil
}

// InOrgWith returns the caller if it is somebody who belongs to an organisation and holds the role.
func InOrgWith(ctx context.Context, role string) (Principal, error) {
	caller, err := InOrg(ctx)
	if err == nil && !caller.HasRole(role) {
		return Principal{}, problem.Detailf(problem.RoleRequired, "Needs one of these roles: %s.", role)
	}
	return caller, err
}
