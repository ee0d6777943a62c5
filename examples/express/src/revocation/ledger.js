import { createHmac } from 'node:crypto'

/** Before every event. */
const OLDEST = 0n
const SEQ_BITS = 48n
const MAX_EVENTS_PER_BATCH = 500
const MAX_CLAIMS = 64

/** From the widest to the narrowest: the claim that an event of this level is compared with. */
const LEVELS = ['client_id', 'org_id', 'sub', 'sid', 'jti']

/** Events between our position and the batch are missing. Asking again mends it. */
export class GapError extends Error {}

/**
 * What was taken back, as far as the log was read. It does no IO and reads no clock: the feed brings it batches whose signatures
 * were verified, and says when they were asked for.
 *
 * Every event and every token has a place in one order: the epoch, then the number in it. A token is hit by the events that match
 * it and come after its own place. See docs/reference/revocation-feed.md.
 */
export class Ledger {
  /** Selector hash to the newest event of each kind. */
  #marks = new Map()
  #everything = noMarks()
  #leakedKeys = new Set()
  #newest = OLDEST
  #selectorKey
  #epoch
  #seq = 0
  #epochs = new Set()
  #borders = []
  #newestMs = 0
  /** What the issuer said about its head and we have not reached: `{ head, asOf }`. */
  #claims = []
  #completeAsOf
  #greeting

  /** Where we are, as the feed writes it, or undefined before the first batch. */
  get position() {
    return this.#epoch === undefined ? undefined : `${this.#epoch}.${this.#seq}`
  }

  /** The moment, by the clock of `greet`, for which the list is known to be complete. Undefined before it was once. */
  get completeAsOf() {
    return this.#completeAsOf
  }

  /**
   * Applies the first batch of a connection. Only the answer to our own request can repeat the nonce, so the other side is there
   * now, and its list is as fresh as our question.
   */
  greet(batch, { nonce, askedAt }) {
    check(batch)
    if (batch.nonce !== nonce) throw new Error('the feed did not answer our nonce')
    if (!batch.selector_key) throw new Error('the feed did not begin with the key of its selectors')
    // A replica that is behind, or a database that lost its last commits: what comes again does no harm, what is skipped would.
    if (batch.epoch === this.#epoch) this.#seq = Math.min(this.#seq, batch.head)
    else this.#beginEpoch(batch)
    this.#setSelectorKey(batch.selector_key)
    this.#greeting = { askedAt, timeMs: batch.time_ms }
    this.#claims = []
    // A greeting brings no events, and says where the log ends.
    this.#follow({ ...batch, events: [], through: this.#seq }, askedAt)
  }

  /** Applies a further batch of the connection. */
  apply(batch, now) {
    check(batch)
    if (batch.epoch !== this.#epoch) {
      if (batch.time_ms < this.#newestMs) throw new Error(`epoch ${batch.epoch} was left behind`)
      if (batch.after > 0) throw new GapError(`epoch ${batch.epoch} is read from its beginning, not from ${batch.after}`)
      this.#beginEpoch(batch)
    }
    if (batch.after > this.#seq) throw new GapError(`we are at ${this.position}, the batch begins after ${batch.after}`)
    // Our own clock carries the issuer's on from the greeting: a batch that was held back on the way shows its age.
    const since = Math.max(0, batch.time_ms - this.#greeting.timeMs)
    this.#follow(batch, Math.min(now, this.#greeting.askedAt + since))
  }

  /** Returns 'dead', 'stale' or 'pass'. Every level is looked at, and the worst answer counts. */
  judge(claims, kid) {
    const hash = (level, value) => selector(this.#selectorKey, level, value)
    if (this.#leakedKeys.has(hash('kid', kid))) return 'dead'
    const token = this.#placeOfToken(claims.rev)
    const marks = LEVELS.filter((level) => claims[level] !== undefined)
      .map((level) => this.#marks.get(hash(level, claims[level])))
      .filter(Boolean)
    const isHit = (kind) => [this.#everything, ...marks].some((mark) => mark[kind] > token)
    if (isHit('dead')) return 'dead'
    return isHit('stale') ? 'stale' : 'pass'
  }

  /** Drops what no token that still lives can be hit by. Leaked keys stay: their thief goes on signing. */
  forget(nowSeconds) {
    for (const [hash, marks] of this.#marks) {
      if (marks.forgetAt <= nowSeconds) this.#marks.delete(hash)
    }
    if (this.#everything.forgetAt <= nowSeconds) this.#everything = noMarks()
  }

  #follow(batch, asOf) {
    for (const event of batch.events ?? []) if (event.seq > this.#seq) this.#add(event)
    this.#seq = Math.max(this.#seq, batch.through)
    this.#newestMs = Math.max(this.#newestMs, batch.time_ms)
    if (this.#claims.length >= MAX_CLAIMS) this.#claims.pop()
    this.#claims.push({ head: batch.head, asOf })
    while (this.#claims.length > 0 && this.#claims[0].head <= this.#seq) {
      this.#completeAsOf = Math.max(this.#completeAsOf ?? -Infinity, this.#claims.shift().asOf)
    }
  }

  #add({ seq, level, sel, kind, forget_at: forgetAt }) {
    const place = this.#placeOfEvent(seq)
    if (place > this.#newest) this.#newest = place
    if (level === 'kid') {
      this.#leakedKeys.add(sel)
    } else if (LEVELS.includes(level)) {
      if (!this.#marks.has(sel)) this.#marks.set(sel, noMarks())
      mark(this.#marks.get(sel), kind, place, forgetAt)
    } else {
      // 'all', and a level that is newer than this program: what it does not understand, it takes to mean everybody.
      mark(this.#everything, kind, place, forgetAt)
    }
  }

  /** What is held stays, and goes on hitting the tokens of the epochs it is from. */
  #beginEpoch({ epoch, earlier = [] }) {
    if (this.#epochs.has(epoch)) throw new Error(`epoch ${epoch} was left, and an issuer never returns`)
    this.#borders = earlier.map(parseRev)
    for (const known of [...this.#borders.map((border) => border.epoch), epoch]) this.#epochs.add(known)
    this.#epoch = epoch
    this.#seq = 0
    this.#claims = []
  }

  /** Under another key, what is held can be compared with nothing any more: it becomes one event against everybody. */
  #setSelectorKey(text) {
    const key = Buffer.from(text, 'base64url')
    if (this.#selectorKey?.equals(key)) return
    if (this.#selectorKey) {
      const forgetAt = Math.max(this.#everything.forgetAt, ...[...this.#marks.values()].map((marks) => marks.forgetAt))
      mark(this.#everything, 'stale', this.#newest, forgetAt)
      this.#marks.clear()
      this.#leakedKeys.clear()
      this.#seq = 0
      // Which keys leaked is not known before they are read again, and what their thief signs is stale never.
      this.#completeAsOf = undefined
    }
    this.#selectorKey = key
  }

  /** An event up to an earlier epoch's border is the very event that the earlier epoch had under this number. */
  #placeOfEvent(seq) {
    return placeIn(this.#borders.find((border) => seq <= border.seq)?.epoch ?? this.#epoch, seq)
  }

  #placeOfToken(rev) {
    const { epoch, seq } = parseRev(rev)
    return this.#epochs.has(epoch) ? placeIn(epoch, seq) : OLDEST
  }
}

/** The first 128 bits of HMAC-SHA-256 over `level NUL value`: a list that somebody copies names nobody. */
export function selector(key, level, value) {
  return createHmac('sha256', key).update(`${level}\0${value}`).digest().subarray(0, 16).toString('base64url')
}

const noMarks = () => ({ dead: OLDEST, stale: OLDEST, forgetAt: 0 })

function mark(marks, kind, place, forgetAt) {
  // A kind that is newer than this program is at least as bad as the worst it knows.
  const known = kind === 'stale' ? 'stale' : 'dead'
  if (place > marks[known]) marks[known] = place
  marks.forgetAt = Math.max(marks.forgetAt, forgetAt)
}

const placeIn = (epoch, seq) => (BigInt(epoch) << SEQ_BITS) | BigInt(seq)

/** `epoch.seq`. What is none is as old as can be, so that every event hits it. */
function parseRev(text) {
  const [, epoch, seq] = /^(\d{1,10})\.(\d{1,15})$/.exec(text) ?? [undefined, -1, 0]
  return { epoch: Number(epoch), seq: Number(seq) }
}

/** A batch was signed, so what makes no sense in it is the issuer's fault, and nothing of it is used. */
function check({ epoch, after, through, head, time_ms: timeMs, events = [] }) {
  const areNumbers = [epoch, after, through, head, timeMs].every((number) => Number.isSafeInteger(number) && number >= 0)
  if (!areNumbers || after > through || through > head) throw new Error('the positions of a batch are out of order')
  if (events.length > MAX_EVENTS_PER_BATCH) throw new Error('a batch has too many events')
  let last = after
  for (const { seq, level, sel } of events) {
    if (!(seq > last) || seq > through) throw new Error(`event ${seq} is out of place`)
    if ((level === 'all') !== (sel === undefined)) throw new Error(`event ${seq} has a selector that does not fit its level`)
    last = seq
  }
}
