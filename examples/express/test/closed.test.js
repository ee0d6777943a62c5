import assert from 'node:assert/strict'
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
  const auth = await DevIssuer.start({ audience: 'orders' })
  const { url, stop } = await service(auth.url)
  t.after(async () => {
    stop()
    await auth.stop()
  })
  const token = await auth.token({ sub: 'ben', org_id: 'acme', roles: ['buyer', 'admin'] })

  assert.deepEqual(await auth.attack(url, OPERATIONS, { token }), [])

  // What is open on purpose is found, so the test can find something.
  const found = await auth.attack(url, ['GET /health/live'], { token })
  assert.ok(found.some((line) => line.includes('credentials/none')), found)
})

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
  while (!revocations.isFresh()) await new Promise((resolve) => setTimeout(resolve, 10))
  return { url: `http://127.0.0.1:${server.address().port}`, stop }
}
