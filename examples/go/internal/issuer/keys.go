package issuer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Keys are published ahead of their use. A third of that time is how long they may be kept, so that none is missed.
	keysLast = 5 * time.Minute
	// Tokens that name unknown keys must not make us fetch without end.
	unknownKeyCooldown = 5 * time.Second
	// Nor must every request wait for an auth service that is away.
	failureCooldown = time.Second
)

// ErrUnknownKey says that the issuer publishes no key of that id: the token's fault.
var ErrUnknownKey = errors.New("the issuer has no such key")

// ErrNoKeys says that the keys cannot be had: not the token's fault.
var ErrNoKeys = errors.New("the issuer's keys are not available")

// Keys are the public keys at one address, for ES256 alone.
type Keys struct {
	address func(context.Context) (string, error)
	now     func() time.Time
	held    atomic.Pointer[keySet]

	fetching sync.Mutex
	failedAt time.Time
	failure  error
}

type keySet struct {
	byID      map[string]*ecdsa.PublicKey
	fetchedAt time.Time
}

// AccessTokenKeys returns the keys of access tokens.
func (i *Issuer) AccessTokenKeys() *Keys {
	return newKeys(func(ctx context.Context) (string, error) {
		metadata, err := i.Metadata(ctx)
		return metadata.JWKSURI, err
	})
}

// FeedKeys returns the keys of the revocation feed. They are others: who steals one of those cannot hide the theft.
func (i *Issuer) FeedKeys() *Keys {
	return newKeys(func(ctx context.Context) (string, error) {
		metadata, err := i.Metadata(ctx)
		return metadata.RevocationsURI + "/jwks.json", err
	})
}

func newKeys(address func(context.Context) (string, error)) *Keys {
	return &Keys{address: address, now: time.Now}
}

// Key returns the key of this id, after fetching the set where it is old or does not have it.
func (k *Keys) Key(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	if key, err := k.held.Load().key(id, k.now()); !errors.Is(err, errFetch) {
		return key, err
	}
	k.fetching.Lock()
	defer k.fetching.Unlock()
	// Another request may have fetched while this one waited.
	if key, err := k.held.Load().key(id, k.now()); !errors.Is(err, errFetch) {
		return key, err
	}
	set, err := k.fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	k.held.Store(set)
	if key, has := set.byID[id]; has {
		return key, nil
	}
	return nil, ErrUnknownKey
}

var errFetch = errors.New("the set has to be fetched")

func (s *keySet) key(id string, now time.Time) (*ecdsa.PublicKey, error) {
	if s == nil || now.Sub(s.fetchedAt) >= keysLast {
		return nil, errFetch
	}
	if key, has := s.byID[id]; has {
		return key, nil
	}
	if now.Sub(s.fetchedAt) < unknownKeyCooldown {
		return nil, ErrUnknownKey
	}
	return nil, errFetch
}

func (k *Keys) fetch(ctx context.Context) (*keySet, error) {
	if k.failure != nil && k.now().Sub(k.failedAt) < failureCooldown {
		return nil, k.failure
	}
	// Whoever asked may be gone before the answer comes; others wait for it.
	set, err := k.fetchNow(context.WithoutCancel(ctx))
	k.failedAt, k.failure = k.now(), err
	return set, err
}

func (k *Keys) fetchNow(ctx context.Context) (*keySet, error) {
	fetchedAt := k.now()
	address, err := k.address(ctx)
	if err != nil {
		return nil, err
	}
	var document struct {
		Keys []jwk `json:"keys"`
	}
	if err := fetchJSON(ctx, address, &document); err != nil {
		return nil, err
	}
	byID := make(map[string]*ecdsa.PublicKey, len(document.Keys))
	for _, candidate := range document.Keys {
		// A key of another kind is for somebody else (RFC 7517 §5).
		if key, err := candidate.es256(); err == nil {
			byID[candidate.ID] = key
		}
	}
	return &keySet{byID, fetchedAt}, nil
}

type jwk struct {
	ID    string `json:"kid"`
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	Use   string `json:"use"`
	Alg   string `json:"alg"`
	X     string `json:"x"`
	Y     string `json:"y"`
}

func (j jwk) es256() (*ecdsa.PublicKey, error) {
	isFor := func(has, want string) bool { return has == "" || has == want }
	if j.ID == "" || j.Type != "EC" || j.Curve != "P-256" || !isFor(j.Use, "sig") || !isFor(j.Alg, "ES256") {
		return nil, errors.New("not a key for ES256")
	}
	x, errX := coordinate(j.X)
	y, errY := coordinate(j.Y)
	if err := errors.Join(errX, errY); err != nil {
		return nil, err
	}
	key := &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
	// It refuses what is no point of the curve.
	if _, err := key.ECDH(); err != nil {
		return nil, err
	}
	return key, nil
}

func coordinate(text string) (*big.Int, error) {
	bytes, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil && len(bytes) != 32 {
		err = fmt.Errorf("a coordinate of %d bytes", len(bytes))
	}
	return new(big.Int).SetBytes(bytes), err
}
