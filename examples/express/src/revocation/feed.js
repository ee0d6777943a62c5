import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { jwtVerify } from 'jose'
import { GapError, Ledger } from './ledger.js'
import { batchesIn } from './sse.js'

/** Heartbeats come every two seconds. Without three of them the connection is dead, whatever TCP says. */
const SILENCE_MS = 6_500
/** A stream that was open for so long was a good one: the next attempt is made at once. */
const GOOD_STREAM_MS = 10_000
const SHORTEST_WAIT_MS = 100
const LONGEST_WAIT_MS = 10_000
const SWEEP_EVERY_MS = 60_000
/** Request headers are not made for more. */
const MAX_LAST_BATCH = 4096

/**
 * Follows the revocation feed for as long as the process runs, and says about each token what was heard.
 *
 * While nothing is heard, tokens go on being accepted for `maxStaleMs`. From then on none is: what was taken back in the meantime
 * is not known, and 503 is the safe answer.
 */
export class RevocationFeed {
  #ledger = new Ledger()
  #issuer
  #keys
  #authorization
  #maxStaleMs
  #clock
  #log
  #lastBatch
  #stopped = new AbortController()

  constructor({ issuer, client, maxStaleMs, clock = () => performance.now(), log = console }) {
    this.#issuer = issuer
    this.#keys = issuer.feedKeys()
    this.#authorization = client && basic(client)
    this.#maxStaleMs = maxStaleMs
    this.#clock = clock
    this.#log = log
  }

  /** Returns 'pass', 'dead' or 'stale', or 'unknown' when the news is too old to say. */
  judge(claims, kid) {
    if (this.#ledger.completeAsOf === undefined) return 'unknown'
    const verdict = this.#ledger.judge(claims, kid)
    // What is known to be over is over, however old the news.
    return verdict === 'pass' && !this.isFresh() ? 'unknown' : verdict
  }

  isFresh() {
    const asOf = this.#ledger.completeAsOf
    return asOf !== undefined && this.#clock() - asOf < this.#maxStaleMs
  }

  /** Follows the feed until {@link stop}. */
  async follow() {
    const sweep = setInterval(() => this.#ledger.forget(Date.now() / 1000), SWEEP_EVERY_MS).unref()
    let wait = SHORTEST_WAIT_MS
    while (!this.#stopped.signal.aborted) {
      const began = this.#clock()
      const error = await this.#stream().catch((cause) => cause)
      if (this.#stopped.signal.aborted) break
      const wasGood = this.#clock() - began >= GOOD_STREAM_MS
      // The auth service ends each stream after a quarter of an hour; nothing is missed.
      if (error || !wasGood) this.#log.warn('the revocation feed broke off:', reason(error))
      if (wasGood || error instanceof GapError) wait = SHORTEST_WAIT_MS
      // A whole fleet loses its streams at the same moment: nobody comes back at the same.
      await sleep(Math.random() * wait, undefined, { signal: this.#stopped.signal }).catch(() => {})
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    }
    clearInterval(sweep)
  }

  stop() {
    this.#stopped.abort()
  }

  async #stream() {
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(new Error('nothing was heard for too long')), SILENCE_MS)
    try {
      const nonce = randomBytes(16).toString('base64url')
      const askedAt = this.#clock()
      const body = await this.#open(nonce, AbortSignal.any([silence.signal, this.#stopped.signal]))
      let greeted = false
      for await (const jwt of batchesIn(body)) {
        const batch = await this.#verified(jwt)
        if (greeted) this.#ledger.apply(batch, this.#clock())
        else this.#ledger.greet(batch, { nonce, askedAt })
        greeted = true
        this.#remember(jwt, batch)
        timer.refresh()
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #open(nonce, signal) {
    const url = new URL((await this.#issuer.metadata()).handstamp_revocations_uri)
    url.searchParams.set('nonce', nonce)
    const headers = new Headers({ accept: 'text/event-stream' })
    if (this.#authorization) headers.set('authorization', this.#authorization)
    if (this.#ledger.position) headers.set('last-event-id', this.#ledger.position)
    if (this.#lastBatch) headers.set('handstamp-last-batch', this.#lastBatch)
    // Credentials go to the address that was discovered, and nowhere else.
    const reply = await fetch(url, { headers, signal, redirect: 'error', cache: 'no-store' })
    const isStream = reply.headers.get('content-type')?.startsWith('text/event-stream')
    if (reply.ok && isStream) return reply.body
    await reply.body?.cancel()
    throw new Error(`${url.origin}${url.pathname} answered ${reply.status}`)
  }

  async #verified(jwt) {
    const { payload } = await jwtVerify(jwt, this.#keys, {
      algorithms: ['ES256'],
      typ: 'handstamp-rev+jwt',
      issuer: this.#issuer.url,
      audience: 'handstamp-revocations',
      requiredClaims: ['exp', 'epoch', 'after', 'through', 'head', 'time_ms'],
      // That it is fresh is shown by the nonce and our own clock; the wall clock need not be exact.
      clockTolerance: '5 minutes',
    })
    return payload
  }

  /** The next connection shows how far the log was: an auth service whose database was put back learns of it. */
  #remember(jwt, batch) {
    // A greeting holds the key of the selectors, which belongs into nobody's log.
    if (batch.selector_key || jwt.length > MAX_LAST_BATCH) return
    if (this.#ledger.position === `${batch.epoch}.${batch.through}`) this.#lastBatch = jwt
  }
}

/** HTTP Basic for an OAuth client (RFC 6749 §2.3.1): both parts are encoded as in a form first. */
function basic({ id, secret }) {
  const encode = (text) => new URLSearchParams({ x: text }).toString().slice(2)
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`
}

function reason(error) {
  if (!error) return 'the stream ended'
  return error.cause?.message ? `${error.message}: ${error.cause.message}` : error.message
}
