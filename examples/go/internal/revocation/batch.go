package revocation

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxEventsPerBatch = 500
	maxSeq            = 1 << 48
)

// batch is a stretch of the revocation log: the claims of a JWT that the auth service signed for all verifiers.
type batch struct {
	jwt.RegisteredClaims
	TimeMS      int64   `json:"time_ms"`
	Epoch       uint32  `json:"epoch"`
	Earlier     []place `json:"earlier"`
	After       uint64  `json:"after"`
	Through     uint64  `json:"through"`
	Head        uint64  `json:"head"`
	Events      []event `json:"events"`
	Nonce       string  `json:"nonce"`
	SelectorKey []byte  `json:"-"`

	SelectorKeyText string `json:"selector_key"`
}

// event says what is revoked, as a keyed hash, and from when on that can be forgotten.
type event struct {
	Seq      uint64   `json:"seq"`
	Level    string   `json:"level"`
	Selector selector `json:"sel"`
	Kind     string   `json:"kind"`
	ForgetAt int64    `json:"forget_at"`
}

// selector is the first 128 bits of an HMAC, in base64url.
type selector string

// Validate is called by the parser once the signature was verified. What makes no sense in a batch is the issuer's fault, and
// nothing of it is used.
func (b *batch) Validate() error {
	if b.After > b.Through || b.Through > b.Head || b.Head >= maxSeq || b.TimeMS <= 0 {
		return fmt.Errorf("positions out of order: after %d, through %d, head %d", b.After, b.Through, b.Head)
	}
	if len(b.Events) > maxEventsPerBatch {
		return fmt.Errorf("%d events in one batch", len(b.Events))
	}
	last := b.After
	for _, event := range b.Events {
		if event.Seq <= last || event.Seq > b.Through {
			return fmt.Errorf("event %d is out of place", event.Seq)
		}
		if (event.Level == levelAll) != (event.Selector == "") {
			return fmt.Errorf("event %d has a selector that does not fit its level", event.Seq)
		}
		last = event.Seq
	}
	var err error
	b.SelectorKey, err = base64.RawURLEncoding.DecodeString(b.SelectorKeyText)
	return err
}

// isGreeting says whether the batch holds the key of the selectors, which belongs into nobody's log.
func (b *batch) isGreeting() bool { return len(b.SelectorKey) > 0 }

// place is where an event or a token stands among all that the issuer ever signed: the epoch of the log, then the number in it.
// The zero place is before everything.
type place struct {
	Epoch uint32
	Seq   uint64
}

// after says whether p comes later than other.
func (p place) after(other place) bool {
	return p.Epoch > other.Epoch || p.Epoch == other.Epoch && p.Seq > other.Seq
}

func (p place) String() string { return fmt.Sprintf("%d.%d", p.Epoch, p.Seq) }

// UnmarshalText reads "epoch.seq".
func (p *place) UnmarshalText(text []byte) error {
	epoch, seq, found := strings.Cut(string(text), ".")
	number, errEpoch := strconv.ParseUint(epoch, 10, 32)
	place, errSeq := strconv.ParseUint(seq, 10, 48)
	if err := errors.Join(errEpoch, errSeq); !found || err != nil {
		return fmt.Errorf("%q is no place in a log", text)
	}
	p.Epoch, p.Seq = uint32(number), place
	return nil
}
