import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { DevIssuer } from '../../../clients/testing/node/index.js'
import { ordersApp } from '../src/app.js'
import { accessTokenVerifier } from '../src/auth/access-token.js'
import { Issuer } from '../src/auth/issuer.js'
import { Orders } from '../src/orders.js'
import { RevocationFeed } from '../src/revocation/feed.js'

const OPERATIONS = [
  'GET /orders',
  'GET /orders/1',
  { operation: 'POST /orders', body: { item: 'Lamp', quantity: 2 }, role: true },
  { operation: 'DELETE /orders/1', role: true },
]

test('no operation lets a bad token pass', async (t) => {
  const { auth, url, token } = await world(t)

  assert.deepEqual(await auth.attack(url, OPERATIONS, { token }), [])
})

test('what is open, is not there or cannot be judged is found', async (t) => {
  const { auth, url, token } = await world(t)
  for (const [operation, options, expected] of [
    ['GET /health/live', {}, 'credentials/none'],
    ['GET /ordres', {}, 'answered 404 to the good token'],
    [{ operation: 'GET /orders', role: true }, {}, 'rights/no-roles'],
    ['GET /orders', { cookie: 'another' }, 'answered 401 to the good token in the cookie another'],
    ['GET /orders', { cookie: 'no name\n' }, 'cannot be sent the good token'],
    ['DELETE /orders/1', { token: await auth.token() }, 'answered 403 to the good token'],
  ]) {
    const found = await auth.attack(url, [operation], { token, ...options })
    assert.ok(found.some((line) => line.includes(expected)), `${expected}: ${found}`)
  }
})

test('a service that refuses the good token in the end has shown nothing', async (t) => {
  const { auth, token } = await world(t)
  // Nobody ever looks at the token: the first request is let in, whoever sends it, and none after that.
  let isLocked = false
  const url = await listening(t, createServer((_, reply) => {
    reply.writeHead(isLocked ? 401 : 200).end()
    isLocked = true
  }))

  const [found, ...more] = await auth.attack(url, ['GET /'], { token, modes: ['bearer'] })

  assert.match(found, /^GET \/ answered 401 to the good token as bearer after the bad ones/)
  assert.deepEqual(more, [])
})

test('an attack on nothing is a mistake, and so is an operation without a method', async (t) => {
  const { auth, url, token } = await world(t)

  await assert.rejects(auth.attack(url, [], { token }), /nothing is attacked/)
  await assert.rejects(auth.attack(url, ['/orders'], { token }), /"\/orders" is no operation/)
  await assert.rejects(auth.attack('http://127.0.0.1:1', ['GET /orders'], { token }), /GET \/orders cannot be asked/)
})

test('a program that is not there, or another one, is named', async () => {
  await assert.rejects(DevIssuer.start({ command: '/nowhere/handstamp' }), /\/nowhere\/handstamp cannot be started: set HANDSTAMP/)
  await assert.rejects(DevIssuer.start({ command: 'echo' }), /echo is not handstamp, it says "dev-issuer/)
})

test('an event stream has no end, and is not waited for', { timeout: 30_000 }, async (t) => {
  const auth = await DevIssuer.start({ audience: 'orders' })
  t.after(() => auth.stop())
  const token = await auth.token()
  const url = await listening(t, createServer((asked, reply) => {
    if (asked.headers.authorization !== `Bearer ${token}`) reply.writeHead(401).end()
    else reply.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
  }))

  assert.deepEqual(await auth.attack(url, ['GET /events'], { token, modes: ['bearer'] }), [])
})

test('an issuer that was killed needs no stop, and waits for none', { timeout: 10_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'killed-'))
  t.after(() => rm(folder, { recursive: true }))
  const command = join(folder, 'issuer')
  await writeFile(command, `#!/bin/sh\necho '{"issuer":"http://127.0.0.1:1","audience":"orders"}'\nkill -9 $$\n`, { mode: 0o755 })
  const auth = await DevIssuer.start({ command })
  await sleep(500)

  await auth.stop()
})

/** Runs an issuer and the service for as long as the test lasts. */
async function world(t) {
  const auth = await DevIssuer.start({ audience: 'orders' })
  t.after(() => auth.stop())
  const { url, stop } = await service(auth.url)
  t.after(stop)
  return { auth, url, token: await auth.token({ sub: 'ben', org_id: 'acme', roles: ['buyer', 'admin'] }) }
}

/** Lets a server listen for as long as the test lasts, and returns where. */
async function listening(t, server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${server.address().port}`
}

/** Runs the service as `src/main.js` does. */
async function service(issuerUrl) {
  const issuer = new Issuer(issuerUrl)
  const revocations = new RevocationFeed({ issuer, maxStaleMs: 30_000 })
  const verify = accessTokenVerifier({ issuer: issuerUrl, audience: 'orders', keys: issuer.accessTokenKeys(), revocations })
  const orders = new Orders()
  const app = ordersApp({ orders, verify, isReady: () => true, cookieName: '__Host-Http-at', allowedOrigins: [], log: { error() {} } })
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  revocations.follow()
  const stop = () => {
    revocations.stop()
    server.close()
    server.closeAllConnections()
  }
  for (const deadline = Date.now() + 10_000; !revocations.isFresh(); await sleep(10)) {
    assert.ok(Date.now() < deadline, 'the feed says nothing')
  }
  return { url: `http://127.0.0.1:${server.address().port}`, stop }
}
