// Real tokens, good and bad, for the tests of a service. It starts `handstamp dev-issuer` and asks it.
//
//   const issuer = await DevIssuer.start({ audience: 'orders' })
//   const token = await issuer.token({ sub: 'ann', roles: ['admin'], org_id: 'acme' })
//   assert.deepEqual(await issuer.attack(url, ['GET /orders'], { token }), [])
//   await issuer.stop()

import { spawn } from 'node:child_process'
import http from 'node:http'
import { createInterface } from 'node:readline'

const MODES = ['bearer', 'cookie']
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE']
const AFTER_BAD_ONES =
  'after the bad ones, so it shows nothing that it refused those: does it count failures, or end the session that it is called in?'

/** An issuer in a process of its own. Nothing that matters may ever trust it. */
export class DevIssuer {
  #process

  constructor(process, { issuer, audience }) {
    this.#process = process
    /** The issuer's address, as in the tokens' `iss`. */
    this.url = issuer
    this.audience = audience
  }

  /** Starts one. `command` is the program: `handstamp` in the path, unless the variable `HANDSTAMP` names another. */
  static async start({ audience = 'test-service', algorithm = 'ES256', command = process.env.HANDSTAMP ?? 'handstamp' } = {}) {
    const options = ['--audience', audience, '--algorithm', algorithm, '--listen', '127.0.0.1:0', '--json']
    const child = spawn(command, ['dev-issuer', ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
    const failed = new Promise((_, reject) => {
      child.once('error', (cause) => reject(new Error(`${command} cannot be started: set HANDSTAMP to the program`, { cause })))
      // Not `exit`: what it said before may be read after that.
      child.once('close', (code) => reject(new Error(`handstamp dev-issuer ended with ${code}`)))
    })
    const ready = new Promise((resolve) => createInterface(child.stdout).once('line', resolve))
    // A test that ends in another way than by `stop` leaves no issuer behind.
    const kill = () => void child.kill()
    process.once('exit', kill)
    child.once('exit', () => process.removeListener('exit', kill))
    const line = await Promise.race([ready, failed])
    try {
      return new DevIssuer(child, JSON.parse(line))
    } catch (cause) {
      kill()
      throw new Error(`${command} is not handstamp, it says ${JSON.stringify(line)}: set HANDSTAMP to the program`, { cause })
    }
  }

  /** Ends it. */
  async stop() {
    // By itself, or killed by somebody else.
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.kill()
    await ended
  }

  /** Makes a token: `{ sub, roles, org_id, sid, audience, expires_in, claims, … }`, all of which may be left out. */
  async token(says = {}) {
    return (await this.post('/dev/tokens', says)).access_token
  }

  /** Takes tokens back: `{ token }`, or `{ level: 'sid', value, kind: 'dead' }`. */
  revoke(what) {
    return this.post('/dev/revocations', what)
  }

  /** Moves the issuer's clock by so many seconds. The service's own does not move. */
  advance(seconds) {
    return this.post('/dev/clock', { advance: seconds })
  }

  /** Returns every class of bad token made of this good one, each with what to send and what to expect. */
  async invalidTokens({ token, mode = 'bearer', cookie } = {}) {
    return (await this.post('/dev/invalid-tokens', { token, mode, cookie })).invalid
  }

  /**
   * Sends every bad token to every operation of a service, after a good one that has to get in, and which has to get in once more in
   * the end. Returns what was not refused, in words: an empty list is what a test wants.
   *
   * An operation is `'GET /orders'`, or `{ operation: 'POST /orders', body: {…}, role: true }`: `role` where it asks for one.
   * `modes` is where the service takes tokens: leave out `'cookie'` where it takes none. `without` names cases that the service lets
   * pass on purpose. `strict` also sends what careful libraries differ in: a matter of strictness, by which alone nobody gets in.
   */
  async attack(service, operations, { token, modes = MODES, cookie = '__Host-Http-at', without = [], strict = false } = {}) {
    if (operations.length === 0 || modes.length === 0) throw new Error('nothing is attacked: name operations, and modes')
    token ??= await this.token({ roles: ['admin'], org_id: 'acme' })
    const isWanted = (bad) => (strict || bad.severity !== 'note') && !without.includes(bad.name)
    const sets = await Promise.all(modes.map((mode) => this.post('/dev/invalid-tokens', { token, mode, cookie })))
    // A service hears of what was taken back in a moment, or when it next asks: three seconds in all.
    const patience = { waits: 100 }
    const found = []
    for (const operation of operations.map(read)) {
      for (const [turn, mode] of modes.entries()) {
        const place = mode === 'cookie' ? `in the cookie ${cookie}` : 'as bearer'
        const answered = await status(service, operation, sets[turn].good_headers)
        const nothing = showsNothing(answered, turn, place)
        if (nothing) {
          found.push(`${operation.name} ${nothing}`)
          break
        }
        for (const bad of sets[turn].invalid) {
          if (!isWanted(bad) || !applies(bad, operation)) continue
          const answered = await judged(service, operation, bad, patience)
          if (isRefused(bad, answered)) continue
          const what = answered === undefined ? 'cannot be sent' : `answered ${answered} to`
          found.push(`${operation.name} (${mode}) ${what} ${bad.name}, ${bad.title}: expected ${bad.status}. ${bad.fix}`)
        }
        const after = await status(service, operation, sets[turn].good_headers)
        if (isRefusal(after)) {
          found.push(`${operation.name} answered ${after} to the good token ${place} ${AFTER_BAD_ONES}`)
          break
        }
      }
    }
    return found
  }

  /** Sends JSON to the issuer, and returns the answer. */
  async post(path, body) {
    const reply = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = await reply.json()
    if (!reply.ok) throw new Error(`${path}: ${answer.detail ?? reply.status}`)
    return answer
  }
}

/** Reads an operation as it is written in a test. */
function read(written) {
  const { operation: name, body, role = false } = typeof written === 'string' ? { operation: written } : written
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(name) ?? []
  if (method === undefined) throw new Error(`${JSON.stringify(name)} is no operation: write a method, a space and a path, as in "GET /orders/1"`)
  return { name, method, path, body, role }
}

/** Returns why the answer to a good token makes the answers to bad ones worthless, if it does. */
function showsNothing(answered, turn, place) {
  if (isRefusal(answered)) {
    const cookies = turn > 0 ? '. Name the cookie it reads, or leave the mode out where it reads none' : ''
    return `answered ${answered} to the good token ${place}, so it shows nothing that it refuses bad ones${cookies}`
  }
  if (answered === undefined) return `cannot be sent the good token ${place}: it has characters that a request cannot have`
  // What the first good token was about may be gone when the second comes.
  if (turn > 0 || (answered !== 404 && answered !== 405)) return undefined
  return `answered ${answered} to the good token, as where nothing is: name an operation that is there, on something that is there`
}

function isRefusal(answered) {
  return answered === 401 || answered === 403
}

function applies(bad, { method, role }) {
  return (!bad.role || role) && (!bad.unsafe_method || UNSAFE.includes(method))
}

function isRefused(bad, answered) {
  return bad.status === answered || bad.also.includes(answered)
}

/** Sends a bad token, and one that was taken back again until that is known. */
async function judged(service, operation, bad, patience) {
  let answered = await status(service, operation, bad.headers, bad.query)
  while (bad.class === 'revoked' && !isRefused(bad, answered) && patience.waits > 0) {
    patience.waits -= 1
    await new Promise((resolve) => setTimeout(resolve, 30))
    answered = await status(service, operation, bad.headers, bad.query)
  }
  return answered
}

/** Returns the status, or `undefined` where this client cannot send the headers. `fetch` would join two headers of one name. */
function status(service, { name, method, path, body }, headers, query) {
  const json = body === undefined ? undefined : JSON.stringify(body)
  const framing = json === undefined ? [] : [['content-type', 'application/json'], ['content-length', String(Buffer.byteLength(json))]]
  const at = new URL(service)
  const asked = query ? `${path}${path.includes('?') ? '&' : '?'}${query}` : path
  return new Promise((resolve, reject) => {
    const fail = (cause) => reject(new Error(`${name} cannot be asked at ${service}: ${cause.message}`, { cause }))
    try {
      const all = [['host', at.host], ...headers, ...framing].flat()
      const options = { host: at.hostname, port: at.port, method, path: asked, headers: all, timeout: 10_000 }
      const request = http.request(options, (reply) => {
        const answer = () => resolve(reply.statusCode)
        // An event stream has no end.
        const enough = setTimeout(() => {
          answer()
          reply.destroy()
        }, 1_000)
        reply.resume()
        reply.once('end', answer)
        reply.once('error', fail)
        reply.once('close', () => clearTimeout(enough))
      })
      request.once('timeout', () => request.destroy(new Error('no answer within ten seconds')))
      request.once('error', fail)
      request.end(json)
    } catch (cause) {
      if (cause.code === 'ERR_INVALID_CHAR') resolve(undefined)
      else fail(cause)
    }
  })
}
