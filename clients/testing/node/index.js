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
      child.once('exit', (code) => reject(new Error(`handstamp dev-issuer ended with ${code}`)))
    })
    const ready = new Promise((resolve) => createInterface(child.stdout).once('line', resolve))
    return new DevIssuer(child, JSON.parse(await Promise.race([ready, failed])))
  }

  /** Ends it. */
  async stop() {
    if (this.#process.exitCode !== null) return
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
   * Sends every bad token to every operation of a service, after a good one that has to get in. Returns what was not refused, in
   * words: an empty list is what a test wants.
   *
   * An operation is `'GET /orders'`, or `{ operation: 'POST /orders', body: {…}, role: true }`: `role` where it asks for one.
   * `except` names cases that the service lets pass on purpose. `strict` also sends what careful libraries differ in: a matter of
   * strictness, by which alone nobody gets in.
   */
  async attack(service, operations, { token, modes = MODES, cookie = '__Host-Http-at', except = [], strict = false } = {}) {
    token ??= await this.token({ roles: ['admin'], org_id: 'acme' })
    const wanted = (bad) => (strict || bad.severity !== 'note') && !except.includes(bad.name)
    const sets = await Promise.all(modes.map(async (mode) => (await this.invalidTokens({ token, mode, cookie })).filter(wanted)))
    const found = []
    // A service hears of what was taken back in a moment, or when it next asks: three seconds in all.
    let waits = 100
    for (const written of operations) {
      const { operation, body, role = false } = typeof written === 'string' ? { operation: written } : written
      const [method, path] = operation.split(' ')
      const send = (headers, query) => status(service, method, path, headers, query, body)
      const control = await send([['authorization', `Bearer ${token}`]])
      if (control === 401 || control === 403) {
        found.push(`${operation} answered ${control} to the good token, so it shows nothing that it refuses bad ones`)
        continue
      }
      for (const [at, mode] of modes.entries()) {
        for (const bad of sets[at]) {
          const applies = (!bad.role || role) && (!bad.unsafe_method || UNSAFE.includes(method))
          if (!applies) continue
          const isRefused = (answered) => answered === undefined || [bad.status, ...bad.also].includes(answered)
          let answered = await send(bad.headers, bad.query)
          while (bad.class === 'revoked' && !isRefused(answered) && waits > 0) {
            waits -= 1
            await new Promise((resolve) => setTimeout(resolve, 30))
            answered = await send(bad.headers, bad.query)
          }
          if (isRefused(answered)) continue
          found.push(`${operation} (${mode}) answered ${answered} to ${bad.name}, ${bad.title}: expected ${bad.status}. ${bad.fix}`)
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

/** Returns the status, or `undefined` where the headers cannot be sent. `fetch` would join two headers of one name. */
function status(service, method, path, headers, query, body) {
  const json = body === undefined ? undefined : JSON.stringify(body)
  const framing = json === undefined ? [] : [['content-type', 'application/json'], ['content-length', String(Buffer.byteLength(json))]]
  const at = new URL(service)
  return new Promise((resolve, reject) => {
    let request
    try {
      const all = [['host', at.host], ...headers, ...framing].flat()
      const options = { host: at.hostname, port: at.port, method, path: query ? `${path}?${query}` : path, headers: all }
      request = http.request(options, (reply) => {
        reply.resume()
        reply.once('end', () => resolve(reply.statusCode))
        reply.once('error', reject)
      })
    } catch (error) {
      if (error.code === 'ERR_INVALID_CHAR') return resolve(undefined)
      throw error
    }
    request.once('error', reject)
    request.end(json)
  })
}
