import { Issuer } from '../../../../../examples/express/src/auth/issuer.js'
import { RevocationFeed } from '../../../../../examples/express/src/revocation/feed.js'
import { jose } from './packages.mjs'

const { EmbeddedJWK, UnsecuredJWT, createLocalJWKSet, decodeJwt, decodeProtectedHeader, exportSPKI, importJWK, jwtVerify } = jose

/** Returns a middleware that lets nobody past without a good token, or with one mistake. */
export async function guard(issuer, audience, mistake) {
  const jwks = await (await fetch(`${issuer}/.well-known/jwks.json`)).json()
  const judge = mistake === 'deaf' ? () => 'pass' : await revocations(issuer)
  const verify = verifier({ issuer, audience, jwks, mistake })
  return async (req, res, next) => {
    try {
      const token = tokenOf(req, mistake)
      const { payload, protectedHeader } = await verify(token)
      if (judge(payload, protectedHeader.kid) !== 'pass') throw new Error('it was taken back')
      req.caller = { org: payload.org_id, roles: payload.roles ?? [] }
    } catch (error) {
      if (mistake === 'talkative') return void res.status(401).type('text/plain').send(error.stack)
      if (mistake === 'breaks') return void res.status(500).end()
      return void res.status(401).set('WWW-Authenticate', 'Bearer').end()
    }
    next()
  }
}

/** Follows the issuer's feed, and comes back when it knows what was taken back so far. */
async function revocations(issuer) {
  const feed = new RevocationFeed({ issuer: new Issuer(issuer), maxStaleMs: 30_000 })
  feed.follow()
  while (!feed.isFresh()) await new Promise((resolve) => setTimeout(resolve, 10))
  return feed.judge.bind(feed)
}

function tokenOf(req, mistake) {
  if (mistake === 'token-in-query' && req.query.access_token) return req.query.access_token
  const [value, ...more] = req.headersDistinct.authorization ?? []
  const [, token] = /^Bearer ([^\s,]+)$/.exec(value ?? '') ?? []
  if (!token || more.length > 0) throw new Error('there is no token, or more than one')
  return token
}

function verifier({ issuer, audience, jwks, mistake }) {
  const keys = createLocalJWKSet(jwks)
  const rules = {
    algorithms: ['ES256'],
    typ: 'at+jwt',
    issuer,
    audience,
    requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'client_id', 'rev'],
  }
  const without = (...names) => Object.fromEntries(Object.entries(rules).filter(([name]) => !names.includes(name)))
  const rightly = (token) => verified(token, rules)

  async function verified(token, some) {
    const result = await jwtVerify(token, keys, some)
    // Where there is one key, jose takes it for a token that names none.
    if (typeof result.protectedHeader.kid !== 'string') throw new Error('it names no key')
    if (![].concat(result.payload.roles ?? []).every((role) => typeof role === 'string')) throw new Error('its roles are no texts')
    return result
  }

  switch (mistake) {
    case 'signature-unread':
      return async (token) => ({ payload: decodeJwt(token), protectedHeader: decodeProtectedHeader(token) })
    case 'unsigned-taken':
      return async (token) => {
        const { alg, ...rest } = decodeProtectedHeader(token)
        return alg === 'none' ? { ...UnsecuredJWT.decode(token), protectedHeader: rest } : rightly(token)
      }
    case 'algorithm-of-the-token':
      return async (token) => {
        const { alg } = decodeProtectedHeader(token)
        const [first] = jwks.keys
        const key = await importJWK(first, first.alg, { extractable: true })
        if (alg !== 'HS256') return rightly(token)
        return jwtVerify(token, new TextEncoder().encode(await exportSPKI(key)), { ...rules, algorithms: ['HS256', 'ES256'] })
      }
    case 'key-of-the-token':
      return (token) =>
        decodeProtectedHeader(token).jwk ? jwtVerify(token, EmbeddedJWK, rules) : rightly(token)
    case 'time-unread':
      return (token) => verified(token, { ...rules, clockTolerance: '100 years' })
    case 'audience-unread':
      return (token) => verified(token, { ...without('audience'), requiredClaims: ['sub'] })
    case 'issuer-unread':
      return (token) => verified(token, { ...without('issuer'), requiredClaims: ['sub'] })
    case 'type-unread':
      return (token) => verified(token, { ...without('typ'), requiredClaims: ['sub'] })
    default:
      return rightly
  }
}
