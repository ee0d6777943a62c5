package revocation

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
)

// levelAll is of an event that means every token; levelKey of one that means a signing key.
const (
	levelAll = "all"
	levelKey = "kid"
)

// Token is what a verified token shows to the list.
type Token struct {
	// Rev says where the log stood when the token's claims were read.
	Rev string
	// KeyID is the id of the key that signed it.
	KeyID string

	ID, SessionID, Subject, OrgID, ClientID string
}

// level is one of the narrow levels of events, and what it is compared with in a token.
type level struct {
	name  string
	value func(Token) string
}

var levels = []level{
	{"client_id", func(t Token) string { return t.ClientID }},
	{"org_id", func(t Token) string { return t.OrgID }},
	{"sub", func(t Token) string { return t.Subject }},
	{"sid", func(t Token) string { return t.SessionID }},
	{"jti", func(t Token) string { return t.ID }},
}

// errGap says that events between our position and a batch are missing. Asking again mends it.
var errGap = errors.New("events are missing")

// ledger is what was taken back, as far as the log was read. It does no IO and reads no clock: the feed brings it batches whose
// signatures were verified, and says when they were asked for. It is not safe for concurrent use.
//
// A token is hit by the events that match it and come after its own place. See docs/reference/revocation-feed.md.
type ledger struct {
	marks      map[selector]marks
	everything marks
	leakedKeys map[selector]struct{}
	newest     place

	selectorKey []byte
	position    *place
	// epochs are those we know of; borders say up to where the current log is that of earlier ones.
	epochs  map[uint32]struct{}
	borders []place

	newestMS   int64
	greeting   greeting
	claims     []claim
	completeAt time.Time
}

// marks are the newest event of each kind at one selector.
type marks struct {
	dead, stale place
	forgetAt    int64
}

// greeting ties the issuer's clock to ours.
type greeting struct {
	askedAt time.Time
	timeMS  int64
}

// claim is what the issuer said about its head, while we have not reached it.
type claim struct {
	head uint64
	asOf time.Time
}

const maxClaims = 64

func newLedger() *ledger {
	return &ledger{
		marks:      map[selector]marks{},
		leakedKeys: map[selector]struct{}{},
		epochs:     map[uint32]struct{}{},
	}
}

// greet applies the first batch of a connection. Only the answer to our own request can repeat the nonce, so the other side is
// there now, and its list is as fresh as our question.
func (l *ledger) greet(b *batch, nonce string, askedAt time.Time) error {
	if b.Nonce != nonce {
		return errors.New("the feed did not answer our nonce")
	}
	if !b.isGreeting() {
		return errors.New("the feed did not begin with the key of its selectors")
	}
	if l.position != nil && l.position.Epoch == b.Epoch {
		// A replica that is behind, or a database that lost its last commits: what comes again does no harm, what is skipped would.
		l.position.Seq = min(l.position.Seq, b.Head)
	} else if err := l.beginEpoch(b); err != nil {
		return err
	}
	l.setSelectorKey(b.SelectorKey)
	l.greeting = greeting{askedAt, b.TimeMS}
	l.claims = nil
	l.heard(b, askedAt)
	return nil
}

// apply applies a further batch of the connection.
func (l *ledger) apply(b *batch, now time.Time) error {
	if b.Epoch != l.position.Epoch {
		if b.TimeMS < l.newestMS {
			return fmt.Errorf("epoch %d was left behind", b.Epoch)
		}
		if b.After > 0 {
			return fmt.Errorf("%w: epoch %d is read from its beginning, not from %d", errGap, b.Epoch, b.After)
		}
		if err := l.beginEpoch(b); err != nil {
			return err
		}
	}
	if b.After > l.position.Seq {
		return fmt.Errorf("%w: we are at %v, the batch begins after %d", errGap, l.position, b.After)
	}
	for _, event := range b.Events {
		if event.Seq > l.position.Seq {
			l.add(event)
		}
	}
	l.position.Seq = max(l.position.Seq, b.Through)
	// Our own clock carries the issuer's on from the greeting: a batch that was held back on the way shows its age.
	since := max(0, time.Duration(b.TimeMS-l.greeting.timeMS)*time.Millisecond)
	asOf := l.greeting.askedAt.Add(since)
	if asOf.After(now) {
		asOf = now
	}
	l.heard(b, asOf)
	return nil
}

// heard notes that the log ended at the batch's head, and for when the list is complete by that.
func (l *ledger) heard(b *batch, asOf time.Time) {
	l.newestMS = max(l.newestMS, b.TimeMS)
	if len(l.claims) == maxClaims {
		l.claims = l.claims[:maxClaims-1]
	}
	l.claims = append(l.claims, claim{b.Head, asOf})
	for len(l.claims) > 0 && l.claims[0].head <= l.position.Seq {
		if l.claims[0].asOf.After(l.completeAt) {
			l.completeAt = l.claims[0].asOf
		}
		l.claims = l.claims[1:]
	}
}

// judge looks at every level; the worst answer counts.
func (l *ledger) judge(t Token) Verdict {
	if _, leaked := l.leakedKeys[l.selector(levelKey, t.KeyID)]; leaked {
		return Dead
	}
	at := l.placeOfToken(t.Rev)
	verdict := l.everything.judge(at)
	for _, level := range levels {
		if value := level.value(t); value != "" {
			verdict = max(verdict, l.marks[l.selector(level.name, value)].judge(at))
		}
	}
	return verdict
}

func (m marks) judge(token place) Verdict {
	switch {
	case m.dead.after(token):
		return Dead
	case m.stale.after(token):
		return Stale
	default:
		return Pass
	}
}

// forget drops what no token that still lives can be hit by. Leaked keys stay: their thief goes on signing.
func (l *ledger) forget(now time.Time) {
	isOver := func(m marks) bool { return m.forgetAt <= now.Unix() }
	for selector, marks := range l.marks {
		if isOver(marks) {
			delete(l.marks, selector)
		}
	}
	if isOver(l.everything) {
		l.everything = marks{}
	}
}

func (l *ledger) add(e event) {
	at := l.placeOfEvent(e.Seq)
	if at.after(l.newest) {
		l.newest = at
	}
	isNarrow := slices.ContainsFunc(levels, func(level level) bool { return level.name == e.Level })
	switch {
	case e.Level == levelKey:
		l.leakedKeys[e.Selector] = struct{}{}
	case isNarrow:
		l.marks[e.Selector] = l.marks[e.Selector].with(e.Kind, at, e.ForgetAt)
	default:
		// levelAll, and a level that is newer than this program: what it does not understand, it takes to mean everybody.
		l.everything = l.everything.with(e.Kind, at, e.ForgetAt)
	}
}

func (m marks) with(kind string, at place, forgetAt int64) marks {
	// A kind that is newer than this program is at least as bad as the worst it knows.
	of := &m.dead
	if kind == "stale" {
		of = &m.stale
	}
	if at.after(*of) {
		*of = at
	}
	m.forgetAt = max(m.forgetAt, forgetAt)
	return m
}

// beginEpoch goes over to a log that was rebuilt. What is held stays, and goes on hitting the tokens of the epochs it is from.
func (l *ledger) beginEpoch(b *batch) error {
	if _, left := l.epochs[b.Epoch]; left {
		return fmt.Errorf("epoch %d was left, and an issuer never returns", b.Epoch)
	}
	l.epochs[b.Epoch] = struct{}{}
	for _, border := range b.Earlier {
		l.epochs[border.Epoch] = struct{}{}
	}
	l.borders = b.Earlier
	l.position = &place{Epoch: b.Epoch}
	l.claims = nil
	return nil
}

// setSelectorKey goes over to another key. What is held can then be compared with nothing any more: it becomes one event against
// everybody, and the log is read once more.
func (l *ledger) setSelectorKey(key []byte) {
	if bytes.Equal(l.selectorKey, key) {
		return
	}
	if l.selectorKey != nil {
		forgetAt := l.everything.forgetAt
		for _, marks := range l.marks {
			forgetAt = max(forgetAt, marks.forgetAt)
		}
		l.everything = l.everything.with("stale", l.newest, forgetAt)
		clear(l.marks)
		clear(l.leakedKeys)
		l.position.Seq = 0
		// Which keys leaked is not known before they are read again, and what their thief signs is stale never.
		l.completeAt = time.Time{}
	}
	l.selectorKey = key
}

// placeOfEvent finds the epoch that gave a number out: up to a border it was an earlier one.
func (l *ledger) placeOfEvent(seq uint64) place {
	for _, border := range l.borders {
		if seq <= border.Seq {
			return place{border.Epoch, seq}
		}
	}
	return place{l.position.Epoch, seq}
}

// placeOfToken takes a token without a place, or of an epoch nobody has told of, for older than all.
func (l *ledger) placeOfToken(rev string) place {
	var at place
	if err := at.UnmarshalText([]byte(rev)); err != nil {
		return place{}
	}
	if _, known := l.epochs[at.Epoch]; !known {
		return place{}
	}
	return at
}

// selector hashes a value as the auth service does: a list that somebody copies names nobody.
func (l *ledger) selector(level, value string) selector {
	mac := hmac.New(sha256.New, l.selectorKey)
	fmt.Fprintf(mac, "%s\x00%s", level, value)
	return selector(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]))
}
