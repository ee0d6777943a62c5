// Package auth finds out who is calling, and lets nobody else in.
package auth

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"handstamp.example/orders/internal/issuer"
	"handstamp.example/orders/internal/problem"
	"handstamp.example/orders/internal/revocation"
)

// Principal is whoever is calling, as far as this service wants to know.
type Principal struct {
	Subject  string
	Username string
	// OrgID is empty for people who are in no organisation.
	OrgID string
	Roles []string
	// IsPerson is false for a machine that came in its own name.
	IsPerson bool
}

// HasRole returns whether the principal holds the role.
func (p Principal) HasRole(role string) bool { return slices.Contains(p.Roles, role) }

// Keys are an issuer's public keys.
type Keys interface {
	Key(ctx context.Context, id string) (*ecdsa.PublicKey, error)
}

// Revocations tell what was taken back.
type Revocations interface {
	Judge(revocation.Token) revocation.Verdict
}

// Verifier turns access tokens into principals.
type Verifier struct {
	keys        Keys
	revocations Revocations
	parser      *jwt.Parser
}

// NewVerifier returns a verifier for the tokens of one issuer to one audience.
func NewVerifier(issuerURL, audience string, keys Keys, revocations Revocations) *Verifier {
	return &Verifier{
		keys:        keys,
		revocations: revocations,
		parser: jwt.NewParser(
			// One algorithm, chosen by us: never the one that the token asks for.
			jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
			jwt.WithIssuer(issuerURL),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
		),
	}
}

// claims are those of RFC 9068, and ours.
type claims struct {
	jwt.RegisteredClaims
	ClientID          string   `json:"client_id"`
	SessionID         string   `json:"sid"`
	OrgID             string   `json:"org_id"`
	Rev               string   `json:"rev"`
	PreferredUsername string   `json:"preferred_username"`
	Roles             []string `json:"roles"`
}

// Validate is called by the parser, after its own checks.
func (c *claims) Validate() error {
	if c.Subject == "" || c.ID == "" || c.IssuedAt == nil || c.ClientID == "" || c.Rev == "" {
		return jwt.ErrTokenRequiredClaimMissing
	}
	return nil
}

// Verify returns whom a token speaks for, or a [*problem.Error].
func (v *Verifier) Verify(ctx context.Context, text string) (Principal, error) {
	var says claims
	token, err := v.parser.ParseWithClaims(text, &says, func(unverified *jwt.Token) (any, error) {
		return v.key(ctx, unverified.Header)
	})
	if err != nil {
		return Principal{}, refusal(err)
	}
	kid, _ := token.Header["kid"].(string)
	verdict := v.revocations.Judge(revocation.Token{
		Rev:       says.Rev,
		KeyID:     kid,
		ID:        says.ID,
		SessionID: says.SessionID,
		Subject:   says.Subject,
		OrgID:     says.OrgID,
		ClientID:  says.ClientID,
	})
	switch verdict {
	case revocation.Pass:
		return says.principal(), nil
	case revocation.Dead:
		return Principal{}, problem.New(problem.TokenRevoked)
	case revocation.Stale:
		return Principal{}, problem.New(problem.TokenStale)
	default:
		return Principal{}, problem.Detailf(problem.Unavailable, "It is not known what was revoked lately.")
	}
}

func (c *claims) principal() Principal {
	return Principal{
		Subject:  c.Subject,
		Username: c.PreferredUsername,
		OrgID:    c.OrgID,
		Roles:    c.Roles,
		// RFC 9068 §2.2: where no person is involved, the subject is the client itself.
		IsPerson: c.Subject != c.ClientID,
	}
}

var errHeader = errors.New("the header is not that of an access token")

// key chooses the key, once the header is one of an access token: the library looks at its algorithm alone.
func (v *Verifier) key(ctx context.Context, unverified map[string]any) (*ecdsa.PublicKey, error) {
	// An ID token or a status list has the same keys and the same issuer, and is no access token (RFC 9068 §4).
	typ, _ := unverified["typ"].(string)
	if strings.TrimPrefix(strings.ToLower(typ), "application/") != "at+jwt" {
		return nil, errHeader
	}
	// RFC 7515 §4.1.11: an extension that is not understood must not be ignored, and none is understood.
	if _, has := unverified["crit"]; has {
		return nil, errHeader
	}
	kid, _ := unverified["kid"].(string)
	return v.keys.Key(ctx, kid)
}

// refusal tells the token's fault, which is 401, from keys that cannot be had.
func refusal(err error) *problem.Error {
	// The library tells all that is wrong with the claims at once. That a token has expired is said of a token that was good.
	isOther := slices.ContainsFunc([]error{
		jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidAudience, jwt.ErrTokenNotValidYet, jwt.ErrTokenRequiredClaimMissing,
	}, func(kind error) bool { return errors.Is(err, kind) })
	switch {
	case errors.Is(err, issuer.ErrNoKeys):
		return problem.Because(problem.Unavailable, err)
	case errors.Is(err, jwt.ErrTokenMalformed):
		return problem.Because(problem.TokenMalformed, err)
	case errors.Is(err, jwt.ErrTokenExpired) && !isOther:
		return problem.Because(problem.TokenExpired, err)
	default:
		return problem.Because(problem.TokenInvalid, err)
	}
}
