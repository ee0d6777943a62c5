import { createRemoteJWKSet } from 'jose'

const TIMEOUT_MS = 5_000
/** Keys are published ahead of their use; a third of that time is how long they may be kept, so that none is missed. */
const KEYS_LAST_MS = 5 * 60_000
/** Tokens that name unknown keys must not make us fetch without end. */
const UNKNOWN_KEY_COOLDOWN_MS = 5_000

/** Everything that is known about the auth service: its address. The rest is discovered (RFC 8414) when it is first needed. */
export class Issuer {
  #metadata

  constructor(url) {
    this.url = url
  }

  /** Returns the metadata. A failure is not remembered: the next request asks again. */
  metadata() {
    this.#metadata ??= this.#discover().catch((error) => {
      this.#metadata = undefined
      throw error
    })
    return this.#metadata
  }

  /** Returns a source of the public keys of access tokens, in the form that jose asks for. */
  accessTokenKeys() {
    return this.#keysAt(async () => (await this.metadata()).jwks_uri)
  }

  /** Returns a source of the public keys of the revocation feed, which are others: who steals one of those cannot hide the theft. */
  feedKeys() {
    return this.#keysAt(async () => `${(await this.metadata()).handstamp_revocations_uri}/jwks.json`)
  }

  #keysAt(address) {
    let keys
    return async (header, token) => {
      keys ??= createRemoteJWKSet(new URL(await address()), {
        timeoutDuration: TIMEOUT_MS,
        cacheMaxAge: KEYS_LAST_MS,
        cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
      })
      return keys(header, token)
    }
  }

  async #discover() {
    const { origin, pathname } = new URL(this.url)
    // RFC 8414 §3.1: the issuer's path, where it has one, comes last.
    const url = `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`
    const reply = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!reply.ok) throw new Error(`${url} answered ${reply.status}`)
    const metadata = await reply.json()
    // RFC 8414 §3.3: a document that speaks for somebody else must not be used.
    if (metadata.issuer !== this.url) throw new Error(`${url} speaks for ${metadata.issuer}`)
    if (!metadata.jwks_uri || !metadata.handstamp_revocations_uri) throw new Error(`${url} names no keys or no feed`)
    return metadata
  }
}
