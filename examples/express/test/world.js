import { generateKeyPair, SignJWT } from 'jose'
import { ordersApp } from '../src/app.js'
import { accessTokenVerifier } from '../src/auth/access-token.js'
import { Orders } from '../src/orders.js'

export const ISSUER = 'https://auth.example'
export const ours = await generateKeyPair('ES256')

export const CLAIMS = {
  iss: ISSUER,
  aud: ['orders', 'profiles'],
  sub: 'ben',
  client_id: 'handstamp',
  sid: 's1',
  jti: 'j1',
  rev: '1.0',
  org_id: 'acme',
  roles: ['buyer'],
}

/** Signs a token that is good but for what the test changes; `undefined` leaves a claim out. */
export function token(claims = {}, header = {}, key = ours.privateKey) {
  const now = Math.floor(Date.now() / 1000)
  const all = Object.entries({ ...CLAIMS, iat: now, exp: now + 60, ...claims }).filter(([, value]) => value !== undefined)
  return new SignJWT(Object.fromEntries(all)).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header }).sign(key)
}

/** Runs a service for as long as the test lasts, and returns its `fetch`. */
export async function service(t, { verdict = 'pass', keys = () => ours.publicKey } = {}) {
  const verify = accessTokenVerifier({ issuer: ISSUER, audience: 'orders', keys, revocations: { judge: () => verdict } })
  const app = ordersApp({
    orders: new Orders(),
    verify,
    isReady: () => true,
    cookieName: '__Host-Http-at',
    allowedOrigins: ['https://app.example'],
    log: { error() {} },
  })
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  t.after(() => server.close())
  return async (path, init) => {
    const reply = await fetch(`http://127.0.0.1:${server.address().port}${path}`, init)
    const text = await reply.text()
    const isJson = reply.headers.get('content-type')?.includes('json')
    return { status: reply.status, headers: reply.headers, body: isJson ? JSON.parse(text) : text }
  }
}

export const bearer = (text) => ({ authorization: `Bearer ${text}` })
export const cookie = (text) => ({ cookie: `__Host-Http-at=${text}` })
