import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GapError, Ledger, selector } from '../src/revocation/ledger.js'

const KEY = Buffer.alloc(32, 1)
const LATER = 4_000_000_000

const batch = (after, through, more = {}) => ({ epoch: 7, after, through, head: through, time_ms: 1_000 + through, ...more })
const event = (seq, level, value, more = {}) => ({
  seq,
  level,
  ...(level !== 'all' && { sel: selector(KEY, level, value) }),
  kind: 'dead',
  forget_at: LATER,
  ...more,
})
const greeting = (head, more = {}) => batch(head, head, { nonce: 'n', selector_key: KEY.toString('base64url'), ...more })
const token = (rev, more = {}) => ({ rev, sub: 'ann', sid: 's1', jti: 'j1', client_id: 'web', org_id: 'acme', ...more })

function following(head = 0, more = {}) {
  const ledger = new Ledger()
  ledger.greet(greeting(head, more), { nonce: 'n', askedAt: 0 })
  return ledger
}

test('the selector is the one that the auth service computes', () => {
  assert.equal(selector(KEY, 'sid', '0198-abc'), 'pUuk-riSapvi1wq7a7-e4Q')
})

test('an event hits the tokens that match it and are older', () => {
  const ledger = following()
  ledger.apply(batch(0, 5, { events: [event(5, 'sid', 's1')] }), 10)

  assert.equal(ledger.judge(token('7.4'), 'k'), 'dead')
  assert.equal(ledger.judge(token('7.5'), 'k'), 'pass', 'signed in again')
  assert.equal(ledger.judge(token('7.4', { sid: 's2' }), 'k'), 'pass', 'another session')
  assert.equal(ledger.judge(token('nonsense'), 'k'), 'dead', 'a token without a place is older than all')
})

test('every level hits, and the worst answer counts', () => {
  for (const [level, value] of Object.entries({ jti: 'j1', sid: 's1', sub: 'ann', org_id: 'acme', client_id: 'web', all: '' })) {
    const ledger = following()
    ledger.apply(batch(0, 2, { events: [event(1, 'sub', 'ann', { kind: 'stale' }), event(2, level, value)] }), 10)
    assert.equal(ledger.judge(token('7.0'), 'k'), 'dead', level)
  }
})

test('changed roles make a token stale', () => {
  const ledger = following()
  ledger.apply(batch(0, 1, { events: [event(1, 'sub', 'ann', { kind: 'stale' })] }), 10)

  assert.equal(ledger.judge(token('7.0'), 'k'), 'stale')
  assert.equal(ledger.judge(token('7.1'), 'k'), 'pass')
})

test('a leaked key is dead whatever its tokens say, and for ever', () => {
  const ledger = following()
  ledger.apply(batch(0, 1, { events: [event(1, 'kid', 'leaked')] }), 10)
  ledger.forget(LATER + 1)

  assert.equal(ledger.judge(token('7.99'), 'leaked'), 'dead')
  assert.equal(ledger.judge(token('7.99'), 'good'), 'pass')
})

test('what no token can be hit by any more is forgotten', () => {
  const ledger = following()
  ledger.apply(batch(0, 2, { events: [event(1, 'sid', 's1', { forget_at: 50 }), event(2, 'all', '', { forget_at: 60 })] }), 10)

  ledger.forget(49)
  assert.equal(ledger.judge(token('7.0'), 'k'), 'dead')
  ledger.forget(60)
  assert.equal(ledger.judge(token('7.0'), 'k'), 'pass')
})

test('a batch that begins beyond our position is a gap, and nothing of it is applied', () => {
  const ledger = following()

  assert.throws(() => ledger.apply(batch(3, 4, { events: [event(4, 'sid', 's1')] }), 10), GapError)
  assert.throws(() => ledger.apply(batch(4, 4), 10), GapError, 'a heartbeat shows a gap as well')
  assert.equal(ledger.position, '7.0')
  assert.equal(ledger.judge(token('7.0'), 'k'), 'pass')
})

test('a batch that comes twice changes nothing', () => {
  const ledger = following()
  const twice = batch(0, 1, { events: [event(1, 'sid', 's1')] })
  ledger.apply(twice, 10)
  ledger.apply(twice, 11)

  assert.equal(ledger.position, '7.1')
})

test('a greeting with another nonce, or without the key, is not believed', () => {
  const ledger = new Ledger()
  assert.throws(() => ledger.greet(greeting(0, { nonce: 'recorded' }), { nonce: 'n', askedAt: 0 }), /nonce/)
  assert.throws(() => ledger.greet(batch(0, 0, { nonce: 'n' }), { nonce: 'n', askedAt: 0 }), /key/)
  assert.equal(ledger.completeAsOf, undefined)
})

test('the list is complete once its head is reached, as of when that was asked for', () => {
  const ledger = new Ledger()
  ledger.greet(greeting(2, { time_ms: 5_000 }), { nonce: 'n', askedAt: 100 })
  assert.equal(ledger.completeAsOf, undefined, 'the events up to the head have not come')

  ledger.apply(batch(0, 2, { time_ms: 5_300 }), 900)
  assert.equal(ledger.completeAsOf, 400, 'signed 300 ms after the greeting, which was signed after 100')

  ledger.apply(batch(2, 2, { time_ms: 9_000 }), 1_000)
  assert.equal(ledger.completeAsOf, 1_000, 'an issuer whose clock runs fast makes nothing fresher than now')
})

test('another epoch: what is held goes on hitting the tokens it is about, and shared history is compared by number', () => {
  const ledger = following()
  ledger.apply(batch(0, 9, { events: [event(9, 'sid', 'lost')] }), 10)
  const next = { epoch: 8, earlier: ['7.5'] }
  ledger.apply(batch(0, 6, { ...next, time_ms: 2_000, events: [event(4, 'sid', 's1'), event(6, 'sid', 's2')] }), 20)

  assert.equal(ledger.judge(token('7.4'), 'k'), 'pass', 'event 4 is the event 4 of epoch 7')
  assert.equal(ledger.judge(token('7.3'), 'k'), 'dead')
  assert.equal(ledger.judge(token('7.99', { sid: 's2' }), 'k'), 'dead', 'later events hit every token of an earlier epoch')
  assert.equal(ledger.judge(token('7.8', { sid: 'lost' }), 'k'), 'dead', 'what the rebuilt log has lost is kept')
  assert.equal(ledger.judge(token('8.6', { sid: 'lost' }), 'k'), 'pass', 'signed in again')
  assert.throws(() => ledger.apply(batch(0, 1, { time_ms: 3_000 }), 30), /never returns/)
})

test('an epoch nobody has told of counts as oldest', () => {
  const ledger = following()
  ledger.apply(batch(0, 1, { events: [event(1, 'sid', 's1')] }), 10)

  assert.equal(ledger.judge(token('6.99'), 'k'), 'dead')
})

test('under another selector key everything up to here is stale, and the log is read anew', () => {
  const ledger = following()
  ledger.apply(batch(0, 5, { events: [event(5, 'sid', 's1')] }), 10)
  ledger.greet(greeting(5, { selector_key: Buffer.alloc(32, 2).toString('base64url') }), { nonce: 'n', askedAt: 20 })

  assert.equal(ledger.position, '7.0')
  assert.equal(ledger.judge(token('7.4', { sid: 'other' }), 'k'), 'stale')
  assert.equal(ledger.judge(token('7.5'), 'k'), 'pass')
  assert.equal(ledger.completeAsOf, undefined, 'which keys leaked is not known')
  ledger.apply(batch(0, 5, { time_ms: 1_020 }), 30)
  assert.equal(ledger.completeAsOf, 30)
})

test('a batch that contradicts itself is not used', () => {
  const ledger = following()
  for (const wrong of [
    batch(2, 1),
    batch(0, 1, { head: 0 }),
    batch(0, 1, { events: [event(2, 'sid', 's1')] }),
    batch(0, 2, { events: [event(2, 'sid', 's1'), event(1, 'sid', 's2')] }),
    batch(0, 1, { events: [{ seq: 1, level: 'sid', kind: 'dead', forget_at: LATER }] }),
    batch(0, 1, { head: 1.5 }),
  ]) {
    assert.throws(() => ledger.apply(wrong, 10), Error, JSON.stringify(wrong))
  }
  assert.equal(ledger.position, '7.0')
})
