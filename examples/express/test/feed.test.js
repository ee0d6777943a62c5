import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Issuer } from '../src/auth/issuer.js'
import { RevocationFeed } from '../src/revocation/feed.js'
import { selector } from '../src/revocation/ledger.js'

const KEY = Buffer.alloc(32, 1)
const TOKEN = { rev: '7.0', sub: 'ann', sid: 's1', jti: 'j1', client_id: 'web' }

/** An auth service as far as its feed goes. Every stream that is opened is greeted, and then brings what the test says. */
async function authService(t) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'f1', alg: 'ES256', use: 'sig' }
  const asked = []
  let opened = () => {}
  const server = createServer(async (req, res) => {
    const url = new URL(req.url, auth.url)
    const json = (value) => res.setHeader('content-type', 'application/json').end(JSON.stringify(value))
    if (url.pathname === '/.well-known/oauth-authorization-server') {
      return json({ issuer: auth.url, jwks_uri: `${auth.url}/jwks`, handstamp_revocations_uri: `${auth.url}/revocations` })
    }
    if (url.pathname === '/revocations/jwks.json') return json({ keys: [jwk] })
    asked.push(req.headers)
    res.setHeader('content-type', 'text/event-stream').flushHeaders()
    res.tell = (jwt) => res.write(`event: batch\ndata: ${jwt}\n\n`)
    res.tell(await auth.batch(auth.head, auth.head, { nonce: url.searchParams.get('nonce'), selector_key: KEY.toString('base64url') }))
    opened(res)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const auth = {
    url: `http://127.0.0.1:${server.address().port}`,
    head: 0,
    asked,
    nextStream: () => new Promise((resolve) => { opened = resolve }),
    batch(after, through, more = {}, key = privateKey) {
      const now = Date.now()
      const claims = { epoch: 7, after, through, head: through, time_ms: now, ...more }
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'handstamp-rev+jwt', kid: 'f1' })
        .setIssuer(auth.url)
        .setAudience('handstamp-revocations')
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(key)
    },
  }
  return auth
}

function following(t, auth, options) {
  const client = { id: 'orders', secret: 'a+b' }
  const feed = new RevocationFeed({ issuer: new Issuer(auth.url), client, maxStaleMs: 30_000, log: { warn() {} }, ...options })
  feed.follow()
  t.after(() => feed.stop())
  return feed
}

async function until(holds) {
  const deadline = Date.now() + 10_000
  while (!holds()) {
    assert.ok(Date.now() < deadline, `never: ${holds}`)
    await sleep(5)
  }
}

const signOut = { seq: 1, level: 'sid', sel: selector(KEY, 'sid', 's1'), kind: 'dead', forget_at: 4e9 }

test('nothing is known before the first greeting, and a sign-out at once after it is told', async (t) => {
  const auth = await authService(t)
  const stream = auth.nextStream()
  const feed = following(t, auth)
  assert.equal(feed.judge(TOKEN, 'k'), 'unknown')

  const told = await stream
  await until(() => feed.judge(TOKEN, 'k') === 'pass')
  told.tell(await auth.batch(0, 1, { events: [signOut] }))

  await until(() => feed.judge(TOKEN, 'k') === 'dead')
  assert.equal(auth.asked[0].authorization, `Basic ${Buffer.from('orders:a%2Bb').toString('base64')}`)
})

test('a stream that breaks is opened again, from where it broke', async (t) => {
  const auth = await authService(t)
  const stream = auth.nextStream()
  const feed = following(t, auth)
  const first = await stream
  first.tell(await auth.batch(0, 1, { events: [signOut] }))
  await until(() => feed.judge(TOKEN, 'k') === 'dead')

  const again = auth.nextStream()
  auth.head = 2
  first.destroy()
  const second = await again
  assert.equal(auth.asked[1]['last-event-id'], '7.1')
  assert.ok(auth.asked[1]['handstamp-last-batch'], 'it shows the newest batch it has')
  const missed = { ...signOut, seq: 2, sel: selector(KEY, 'sid', 's2') }
  second.tell(await auth.batch(1, 2, { events: [missed] }))

  await until(() => feed.judge({ ...TOKEN, sid: 's2' }, 'k') === 'dead')
})

test('a batch of a foreign key is not believed', async (t) => {
  const auth = await authService(t)
  const stream = auth.nextStream()
  const feed = following(t, auth)
  const first = await stream
  await until(() => feed.judge(TOKEN, 'k') === 'pass')
  const foreign = await generateKeyPair('ES256')

  const again = auth.nextStream()
  first.tell(await auth.batch(0, 1, { events: [signOut] }, foreign.privateKey))

  await again
  assert.equal(feed.judge(TOKEN, 'k'), 'pass')
})

test('without news for longer than the bound nothing is accepted, and what was heard still counts', async (t) => {
  const auth = await authService(t)
  let now = 0
  const stream = auth.nextStream()
  const feed = following(t, auth, { clock: () => now })
  const told = await stream
  told.tell(await auth.batch(0, 1, { events: [signOut] }))
  await until(() => feed.judge(TOKEN, 'k') === 'dead')
  const stays = { ...TOKEN, sid: 's2' }

  now = 29_000
  assert.equal(feed.judge(stays, 'k'), 'pass')
  now = 30_001
  assert.equal(feed.judge(stays, 'k'), 'unknown')
  assert.equal(feed.judge(TOKEN, 'k'), 'dead')
})
