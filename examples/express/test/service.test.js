import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportSPKI, generateKeyPair } from 'jose'
import { bearer, CLAIMS, cookie, ours, service, token } from './world.js'

const lamp = { method: 'POST', body: JSON.stringify({ item: 'Lamp', quantity: 2 }) }
const asJson = { 'content-type': 'application/json' }

async function refusal(t, headers, options) {
  const reply = await (await service(t, options))('/orders', { headers })
  assert.equal(reply.headers.get('content-type'), 'application/problem+json')
  assert.equal(reply.headers.get('cache-control'), 'no-store')
  assert.equal(reply.body.status, reply.status)
  return [reply.status, reply.body.code, reply.headers.get('www-authenticate')]
}

const invalid = (code) => [401, code, `Bearer error="invalid_token", error_description="${code}"`]

test('a good token opens the orders of its organisation, from the header and from the cookie', async (t) => {
  const call = await service(t)
  for (const headers of [bearer(await token()), cookie(await token())]) {
    const reply = await call('/orders', { headers })
    assert.equal(reply.status, 200)
    assert.deepEqual(reply.body.orders.map((order) => order.id), [3, 2, 1])
  }
})

test('without a token there is a challenge without an error', async (t) => {
  assert.deepEqual(await refusal(t, {}), [401, 'token_missing', 'Bearer'])
})

test('what is no token is malformed', async (t) => {
  for (const text of ['x', 'a.b.c', 'a.b.c.d.e']) assert.deepEqual(await refusal(t, bearer(text)), invalid('token_malformed'), text)
})

test('an expired token', async (t) => {
  assert.deepEqual(await refusal(t, bearer(await token({ exp: 1 }))), invalid('token_expired'))
})

test('a token of another issuer, for another service, or without what it must say', async (t) => {
  const wrong = [{ iss: 'https://evil.example' }, { iss: `${CLAIMS.iss}/` }, { aud: 'profiles' }, { aud: [] }, { roles: 'admin' }, { nbf: 4e9 }]
  for (const name of ['exp', 'iat', 'sub', 'aud', 'iss', 'jti', 'rev']) wrong.push({ [name]: undefined })
  for (const claims of wrong) {
    assert.deepEqual(await refusal(t, bearer(await token(claims))), invalid('token_invalid'), JSON.stringify(claims))
  }
})

test('other documents of the issuer are no access tokens', async (t) => {
  for (const typ of ['JWT', 'statuslist+jwt', undefined]) {
    assert.deepEqual(await refusal(t, bearer(await token({}, { typ }))), invalid('token_invalid'), typ)
  }
})

test('a token of a foreign key, of another algorithm, or of none', async (t) => {
  const foreign = await generateKeyPair('ES256')
  const rsa = await generateKeyPair('RS256')
  const text = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [, payload] = (await token()).split('.')
  const publicKeyAsSecret = Buffer.from(await exportSPKI(ours.publicKey))
  for (const bad of [
    await token({}, {}, foreign.privateKey),
    await token({}, { alg: 'RS256' }, rsa.privateKey),
    await token({}, { alg: 'HS256' }, publicKeyAsSecret),
    `${text({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
  ]) {
    assert.deepEqual(await refusal(t, bearer(bad)), invalid('token_invalid'), bad)
  }
})

test('a token that does not name its key, or a thief of a leaked one would not either', async (t) => {
  for (const kid of [undefined, '']) {
    assert.deepEqual(await refusal(t, bearer(await token({}, { kid }))), invalid('token_invalid'), kid)
  }
})

test('a token that asks for extensions nobody knows', async (t) => {
  const [, payload, signature] = (await token()).split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', crit: ['x'], x: 1 })).toString('base64url')

  assert.equal((await refusal(t, bearer(`${header}.${payload}.${signature}`)))[0], 401)
})

test('a token that was changed', async (t) => {
  const [header, , signature] = (await token()).split('.')
  const payload = Buffer.from(JSON.stringify({ ...CLAIMS, exp: 4e9, iat: 1, roles: ['admin'] })).toString('base64url')

  assert.deepEqual(await refusal(t, bearer(`${header}.${payload}.${signature}`)), invalid('token_invalid'))
})

test('what was taken back, and what nobody can tell', async (t) => {
  const headers = bearer(await token())
  assert.deepEqual(await refusal(t, headers, { verdict: 'dead' }), invalid('token_revoked'))
  assert.deepEqual(await refusal(t, headers, { verdict: 'stale' }), invalid('token_stale'))
  assert.deepEqual(await refusal(t, headers, { verdict: 'unknown' }), [503, 'unavailable', null])
})

test('keys that cannot be had are not the token’s fault', async (t) => {
  const keys = () => Promise.reject(new TypeError('fetch failed'))
  assert.deepEqual(await refusal(t, bearer(await token()), { keys }), [503, 'unavailable', null])
})

test('a request in which it cannot be told whose token counts is refused', async (t) => {
  const [one, other] = [await token(), await token({ sub: 'eve' })]
  const call = await service(t)

  assert.equal((await call('/orders', { headers: { ...bearer(one), ...cookie(other) } })).body.code, 'token_invalid')
  assert.equal((await call('/orders', { headers: { ...bearer(one), ...cookie(one) } })).status, 200)
  assert.equal((await call('/orders', { headers: cookie(`${one}; __Host-Http-at=${other}`) })).body.code, 'token_malformed')
  for (const query of [`access%5Ftoken=${one}`, `a=1?&access_token=${one}`]) {
    assert.equal((await call(`/orders?${query}`)).body.code, 'token_invalid', query)
  }
  assert.equal((await call('/orders', { headers: { authorization: `Bearer ${one}, Bearer ${other}` } })).body.code, 'token_malformed')
  assert.equal((await call('/orders', { headers: { authorization: 'Basic eDp5' } })).body.code, 'token_missing')
})

test('a cookie is not enough for a request that another site may have caused', async (t) => {
  const call = await service(t)
  const post = async (headers) => (await call('/orders', { ...lamp, headers: { ...asJson, ...headers } })).status
  const byCookie = cookie(await token())

  for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { origin: 'https://app.example' }, { 'x-handstamp': '1' }]) {
    assert.equal(await post({ ...byCookie, ...headers }), 201, JSON.stringify(headers))
  }
  for (const headers of [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', 'x-handstamp': '1' },
    { origin: 'https://evil.example', 'x-handstamp': '1' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
  ]) {
    assert.equal(await post({ ...byCookie, ...headers }), 403, JSON.stringify(headers))
  }
  assert.equal(await post(bearer(await token())), 201, 'a bearer token is no cookie')

  const webSocket = async (headers) => {
    const handshake = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...byCookie, ...headers }
    return (await call('/orders', { headers: handshake })).status
  }
  assert.equal(await webSocket({ origin: 'https://evil.example' }), 403)
  assert.equal(await webSocket({ origin: 'https://app.example' }), 200)
})

test('roles decide who orders and who deletes', async (t) => {
  const call = await service(t)
  const nobody = bearer(await token({ roles: undefined }))
  const refused = await call('/orders', { ...lamp, headers: { ...asJson, ...nobody } })
  assert.deepEqual([refused.status, refused.body.code], [403, 'role_required'])
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer error="insufficient_scope", error_description="role_required"')

  const buyer = bearer(await token())
  const placed = await call('/orders', { ...lamp, headers: { ...asJson, ...buyer } })
  assert.deepEqual([placed.status, placed.headers.get('location'), placed.body.buyer], [201, '/orders/7', 'ben'])
  assert.equal((await call('/orders/7', { method: 'DELETE', headers: buyer })).status, 403)

  const admin = bearer(await token({ roles: ['admin'] }))
  assert.equal((await call('/orders/7', { method: 'DELETE', headers: admin })).status, 204)
  assert.equal((await call('/orders/7', { headers: admin })).status, 404)
})

test('the orders of another organisation are not there', async (t) => {
  const call = await service(t)
  const headers = bearer(await token({ roles: ['admin'] }))

  for (const path of ['/orders/4', '/orders/99', '/orders/x', '/orders/__proto__', '/orders/%ff']) {
    assert.equal((await call(path, { headers })).body.code, 'not_found', path)
  }
  assert.equal((await call('/orders/4', { method: 'DELETE', headers })).status, 404)
  const theirs = bearer(await token({ org_id: 'globex' }))
  assert.equal((await call('/orders/4', { headers: theirs })).status, 200)
})

test('people without an organisation and machines have no orders', async (t) => {
  const call = await service(t)
  assert.equal((await call('/orders', { headers: bearer(await token({ org_id: undefined })) })).body.code, 'org_mismatch')
  assert.equal((await call('/orders', { headers: bearer(await token({ sub: 'handstamp' })) })).body.code, 'caller_mismatch')
})

test('a body that cannot be taken is told what is wrong with it', async (t) => {
  const call = await service(t)
  const buyer = bearer(await token())
  const post = (body, type = 'application/json', more = {}) =>
    call('/orders', { method: 'POST', body, headers: { ...buyer, 'content-type': type, ...more } })

  assert.equal((await post('{')).body.code, 'body_malformed')
  assert.equal((await post('{}', 'application/json', { 'content-encoding': 'gzip' })).body.code, 'body_malformed')
  assert.equal((await post('item=Lamp', 'application/x-www-form-urlencoded')).body.code, 'unsupported_media_type')
  assert.equal((await post(JSON.stringify({ item: 'x'.repeat(20_000) }))).body.code, 'body_too_large')
  const { errors } = (await post('{"item":" ","quantity":0,"org_id":"globex"}')).body
  assert.deepEqual(errors.map((error) => error.pointer), ['/org_id', '/item', '/quantity'])
})

test('a path that nobody thought of is closed as well', async (t) => {
  const call = await service(t)
  assert.equal((await call('/statistics')).body.code, 'token_missing')
  assert.equal((await call('/statistics', { headers: bearer(await token()) })).body.code, 'not_found')
})
