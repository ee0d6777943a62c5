// A service in another language: verifies an access token with jose, then its status, as draft-ietf-oauth-status-list §8.3 says.
// Arguments: the folder of the peers, the issuer, the audience, the token. Prints what it found as JSON.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { inflateSync } from 'node:zlib'

const [peers, issuer, audience, token] = process.argv.slice(2)
const resolve = createRequire(`${peers}/node/index.js`).resolve
const { createRemoteJWKSet, jwtVerify } = await import(pathToFileURL(resolve('jose')))

const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()
assert.equal(metadata.issuer, issuer)
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))

const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' })
const { uri, idx } = payload.status.status_list
assert.ok(uri.startsWith(`${issuer}/`), uri)
const known = await (await fetch(metadata.status_list_aggregation_endpoint)).json()
assert.ok(known.status_lists.includes(uri))

const reply = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })
assert.equal(reply.status, 200)
assert.equal(reply.headers.get('content-type'), 'application/statuslist+jwt')
// What fetch asked for by itself: the body arrives unpacked.
assert.equal(reply.headers.get('content-encoding'), 'gzip')
const { payload: list } = await jwtVerify(await reply.text(), keys, {
  issuer,
  subject: uri,
  typ: 'statuslist+jwt',
  requiredClaims: ['iat', 'exp', 'ttl', 'status_list'],
})

const { bits, lst } = list.status_list
assert.ok([1, 2, 4, 8].includes(bits))
const statuses = inflateSync(Buffer.from(lst, 'base64url'))
const perByte = 8 / bits
assert.ok(Math.floor(idx / perByte) < statuses.length)
const status = (statuses[Math.floor(idx / perByte)] >> ((idx % perByte) * bits)) & ((1 << bits) - 1)
console.log(JSON.stringify({ status, ttl: list.ttl, lives: list.exp - list.iat, places: statuses.length * perByte }))
