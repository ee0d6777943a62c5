package revocation

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

const later = 4_000_000_000

var (
	key   = bytes.Repeat([]byte{1}, 32)
	start = time.Unix(1_000, 0)
)

func following(t *testing.T) *ledger {
	t.Helper()
	l := newLedger()
	must(t, l.greet(&batch{Epoch: 7, Nonce: "n", SelectorKey: key, TimeMS: 1_000}, "n", start))
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// news is a batch of epoch 7 that brings these events, the last of which is the newest there is.
func news(after uint64, events ...event) *batch {
	through := after
	if len(events) > 0 {
		through = events[len(events)-1].Seq
	}
	return &batch{Epoch: 7, After: after, Through: through, Head: through, TimeMS: int64(1_000 + through), Events: events}
}

func (l *ledger) event(seq uint64, kind, level, value string) event {
	e := event{Seq: seq, Level: level, Kind: kind, ForgetAt: later}
	if level != levelAll {
		e.Selector = l.selector(level, value)
	}
	return e
}

func token(rev string) Token {
	return Token{Rev: rev, KeyID: "k", ID: "j1", SessionID: "s1", Subject: "ann", OrgID: "acme", ClientID: "web"}
}

func ofSession(rev, id string) Token {
	t := token(rev)
	t.SessionID = id
	return t
}

func expect(t *testing.T, l *ledger, token Token, want Verdict) {
	t.Helper()
	if got := l.judge(token); got != want {
		t.Errorf("%+v is judged %v, want %v", token, got, want)
	}
}

func TestTheSelectorIsTheOneTheAuthServiceComputes(t *testing.T) {
	if got := following(t).selector("sid", "0198-abc"); got != "pUuk-riSapvi1wq7a7-e4Q" {
		t.Error(got)
	}
}

func TestAnEventHitsTheTokensThatMatchItAndAreOlder(t *testing.T) {
	l := following(t)
	must(t, l.apply(news(0, l.event(5, "dead", "sid", "s1")), start))

	expect(t, l, token("7.4"), Dead)
	expect(t, l, token("7.5"), Pass)
	expect(t, l, ofSession("7.4", "s2"), Pass)
	expect(t, l, token("nonsense"), Dead)
	expect(t, l, token("6.99"), Dead)
}

func TestEveryLevelHitsAndTheWorstAnswerCounts(t *testing.T) {
	for level, value := range map[string]string{"jti": "j1", "sid": "s1", "sub": "ann", "org_id": "acme", "client_id": "web", "all": ""} {
		l := following(t)
		must(t, l.apply(news(0, l.event(1, "stale", "sub", "ann"), l.event(2, "dead", level, value)), start))
		expect(t, l, token("7.0"), Dead)
	}
}

func TestChangedRolesMakeATokenStale(t *testing.T) {
	l := following(t)
	must(t, l.apply(news(0, l.event(1, "stale", "sub", "ann")), start))

	expect(t, l, token("7.0"), Stale)
	expect(t, l, token("7.1"), Pass)
}

func TestALeakedKeyIsDeadWhateverItsTokensSayAndForEver(t *testing.T) {
	l := following(t)
	must(t, l.apply(news(0, l.event(1, "dead", "kid", "k")), start))
	l.forget(time.Unix(later+1, 0))

	expect(t, l, token("7.99"), Dead)
}

func TestWhatNoTokenCanBeHitByIsForgotten(t *testing.T) {
	l := following(t)
	session, everybody := l.event(1, "dead", "sid", "s1"), l.event(2, "stale", "all", "")
	session.ForgetAt, everybody.ForgetAt = 50, 60
	must(t, l.apply(news(0, session, everybody), start))

	l.forget(time.Unix(49, 0))
	expect(t, l, token("7.0"), Dead)
	l.forget(time.Unix(50, 0))
	expect(t, l, token("7.0"), Stale)
	l.forget(time.Unix(60, 0))
	expect(t, l, token("7.0"), Pass)
}

func TestABatchBeyondOurPositionIsAGapAndNothingOfItIsApplied(t *testing.T) {
	l := following(t)
	for _, beyond := range []*batch{news(3, l.event(4, "dead", "sid", "s1")), news(4)} {
		if err := l.apply(beyond, start); !errors.Is(err, errGap) {
			t.Error(err)
		}
	}
	expect(t, l, token("7.0"), Pass)
}

func TestAGreetingThatIsNotAnAnswerToUsIsNotBelieved(t *testing.T) {
	l := newLedger()
	for _, wrong := range []*batch{{Epoch: 7, Nonce: "recorded", SelectorKey: key}, {Epoch: 7, Nonce: "n"}} {
		if l.greet(wrong, "n", start) == nil {
			t.Errorf("%+v was believed", wrong)
		}
	}
	if !l.completeAt.IsZero() {
		t.Error("the list counts as complete")
	}
}

func TestTheListIsCompleteOnceItsHeadIsReachedAsOfWhenThatWasAskedFor(t *testing.T) {
	l := newLedger()
	must(t, l.greet(&batch{Epoch: 7, Nonce: "n", SelectorKey: key, Head: 2, After: 2, Through: 2, TimeMS: 5_000}, "n", start))
	if !l.completeAt.IsZero() {
		t.Error("the events up to the head have not come")
	}

	must(t, l.apply(&batch{Epoch: 7, Through: 2, Head: 2, TimeMS: 5_300}, start.Add(time.Second)))
	if want := start.Add(300 * time.Millisecond); !l.completeAt.Equal(want) {
		t.Errorf("complete as of %v, want %v", l.completeAt, want)
	}

	must(t, l.apply(&batch{Epoch: 7, After: 2, Through: 2, Head: 2, TimeMS: 99_000}, start.Add(2*time.Second)))
	if want := start.Add(2 * time.Second); !l.completeAt.Equal(want) {
		t.Errorf("an issuer whose clock runs fast makes the news fresher than now: %v", l.completeAt)
	}
}

func TestAnotherEpochKeepsWhatIsHeldAndComparesSharedHistoryByNumber(t *testing.T) {
	l := following(t)
	must(t, l.apply(news(0, l.event(9, "dead", "sid", "lost")), start))
	rebuilt := news(0, l.event(4, "dead", "sid", "s1"), l.event(6, "dead", "sid", "s2"))
	rebuilt.Epoch, rebuilt.Earlier, rebuilt.TimeMS = 8, []place{{7, 5}}, 2_000
	must(t, l.apply(rebuilt, start))

	expect(t, l, token("7.4"), Pass)
	expect(t, l, token("7.3"), Dead)
	expect(t, l, ofSession("7.99", "s2"), Dead)
	expect(t, l, ofSession("7.8", "lost"), Dead)
	expect(t, l, ofSession("8.6", "lost"), Pass)
	back := news(0)
	back.TimeMS = 3_000
	if l.apply(back, start) == nil {
		t.Error("an epoch that was left is read again")
	}
}

func TestUnderAnotherSelectorKeyEverythingUpToHereIsStaleAndTheLogIsReadAnew(t *testing.T) {
	l := following(t)
	must(t, l.apply(news(0, l.event(5, "dead", "sid", "s1")), start))
	other := bytes.Repeat([]byte{2}, 32)
	must(t, l.greet(&batch{Epoch: 7, Nonce: "n", SelectorKey: other, After: 5, Through: 5, Head: 5, TimeMS: 2_000}, "n", start))

	if *l.position != (place{7, 0}) {
		t.Error(l.position)
	}
	expect(t, l, ofSession("7.4", "other"), Stale)
	expect(t, l, ofSession("7.5", "other"), Pass)
	if !l.completeAt.IsZero() {
		t.Error("which keys leaked is not known, and the list counts as complete")
	}
	must(t, l.apply(news(0, l.event(5, "dead", "sid", "s1")), start))
	if l.completeAt.IsZero() {
		t.Error("the log was read, and the list does not count as complete")
	}
}

func TestABatchThatContradictsItselfIsNotUsed(t *testing.T) {
	sid := func(seq uint64) event { return event{Seq: seq, Level: "sid", Selector: "x", Kind: "dead"} }
	for name, wrong := range map[string]batch{
		"ends before it begins":   {After: 2, Through: 1, Head: 2, TimeMS: 1},
		"ends behind the head":    {Through: 1, TimeMS: 1},
		"was never signed":        {},
		"an event beyond its end": {Through: 1, Head: 1, TimeMS: 1, Events: []event{sid(2)}},
		"events out of order":     {Through: 2, Head: 2, TimeMS: 1, Events: []event{sid(2), sid(1)}},
		"an event about nobody":   {Through: 1, Head: 1, TimeMS: 1, Events: []event{{Seq: 1, Level: "sid"}}},
		"too many events":         {Through: 501, Head: 501, TimeMS: 1, Events: make([]event, 501)},
	} {
		if wrong.Validate() == nil {
			t.Errorf("a batch that %s is taken", name)
		}
	}
}
