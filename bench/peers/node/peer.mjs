// jose and fast-jwt as contestants. `bench/peers/protocol` describes the lines.
import { createInterface } from 'node:readline'
import * as jose from 'jose'
import { createSigner, createVerifier } from 'fast-jwt'

const operations = new Map()
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })[Symbol.asyncIterator]()
const job = JSON.parse((await lines.next()).value)

for (const algorithm of job.algorithms) {
  try {
    await add(algorithm)
  } catch (error) {
    console.error(`${algorithm.name}: ${error.message}`)
  }
}
for (const [name, run] of operations) {
  try {
    await run()
  } catch (error) {
    console.error(`${name}: ${error.message}`)
    operations.delete(name)
  }
}
console.log(JSON.stringify([...operations.keys()]))

for await (const line of { [Symbol.asyncIterator]: () => lines }) {
  const [, name, count] = /^(.*) (\d+)$/.exec(line)
  const run = operations.get(name)
  // fast-jwt is synchronous: awaiting it would charge it for promises it does not make.
  const synchronous = / \d$/.test(name)
  const start = process.hrtime.bigint()
  if (synchronous) for (let i = 0; i < count; i++) run()
  else for (let i = 0; i < count; i++) await run()
  console.log(String(process.hrtime.bigint() - start))
}

async function add({ name, token, private_pem, public_pem, secret }) {
  const bytes = Buffer.from(secret, 'base64url')
  const privateKey = secret ? bytes : await jose.importPKCS8(private_pem, name)
  const publicKey = secret ? bytes : await jose.importSPKI(public_pem, name)
  const rules = { issuer: job.issuer, audience: job.audience, algorithms: [name], typ: job.typ, clockTolerance: 30 }
  operations.set(`verify ${name}`, () => jose.jwtVerify(token, publicKey, rules))
  operations.set(`sign ${name}`, () =>
    new jose.SignJWT(job.claims).setProtectedHeader({ alg: name, typ: job.typ, kid: job.key_id }).sign(privateKey))

  const fast = {
    algorithms: [name], allowedIss: job.issuer, allowedAud: job.audience, checkTyp: job.typ, clockTolerance: 30_000,
    key: secret ? bytes : public_pem,
  }
  const verify = createVerifier({ ...fast, cache: false })
  operations.set(`verify ${name} 1`, () => verify(token))
  const cached = createVerifier({ ...fast, cache: 1000 })
  operations.set(`verify ${name} 2`, () => cached(token))
  const sign = createSigner({
    algorithm: name, kid: job.key_id, header: { typ: job.typ }, noTimestamp: true, key: secret ? bytes : private_pem,
  })
  operations.set(`sign ${name} 1`, () => sign(job.claims))
}
