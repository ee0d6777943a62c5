// The jose side of the differential tests: one task on stdin, one answer on stdout.
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

const resolve = createRequire(`${process.argv[2]}/node/index.js`).resolve
const jose = await import(pathToFileURL(resolve('jose')))
const task = JSON.parse(await text(process.stdin))

const bytes = (string) => new TextEncoder().encode(string)
const importKey = (jwk, alg) => (jwk.kty === 'oct' ? jose.base64url.decode(jwk.k) : jose.importJWK(jwk, alg))

const tasks = {
  async verify() {
    const key = await importKey(task.key, task.alg)
    const options = { algorithms: [task.alg], typ: 'at+jwt', currentDate: new Date(task.now * 1000) }
    return Promise.all(
      task.tokens.map((token) => jose.jwtVerify(token, key, options).then((verified) => verified.payload, () => null)),
    )
  },

  async make() {
    const { alg } = task
    const header = { alg, typ: 'at+jwt' }
    const sign = (key) => Promise.all(task.claims.map((claims) => new jose.SignJWT(claims).setProtectedHeader(header).sign(key)))
    if (alg.startsWith('HS')) {
      const secret = crypto.getRandomValues(new Uint8Array(Number(alg.slice(2)) / 8))
      return { secret: jose.base64url.encode(secret), tokens: await sign(secret) }
    }
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await jose.exportJWK(publicKey)), alg }
    return { jwk, pem: await jose.exportSPKI(publicKey), tokens: await sign(privateKey) }
  },

  async 'encryption-keys'() {
    const kinds = [['RSA-OAEP-256', {}], ['ECDH-ES', { crv: 'P-256' }], ['ECDH-ES', { crv: 'X25519' }]]
    const pairs = kinds.map(async ([alg, options]) => {
      const { privateKey } = await jose.generateKeyPair(alg, { ...options, extractable: true })
      return { ...(await jose.exportJWK(privateKey)), alg, use: 'enc' }
    })
    const shared = crypto.getRandomValues(new Uint8Array(Number(task.enc.slice(1, 4)) / 8))
    return [...(await Promise.all(pairs)), { kty: 'oct', alg: 'dir', k: jose.base64url.encode(shared) }]
  },

  async encrypt() {
    const { d, p, q, dp, dq, qi, key_ops, ...publicHalf } = task.key
    const jwk = task.key.kty === 'oct' ? task.key : publicHalf
    const header = { alg: task.alg, enc: task.enc, cty: 'JWT', kid: task.key.kid }
    const token = await new jose.CompactEncrypt(bytes(task.text))
      .setProtectedHeader(header)
      .encrypt(await importKey(jwk, task.alg))
    const { plaintext } = await jose.compactDecrypt(task.token, await importKey(task.key, task.alg))
    return { token, text: new TextDecoder().decode(plaintext) }
  },
}

process.stdout.write(JSON.stringify(await tasks[task.do]()))
