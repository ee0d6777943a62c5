import { readFileSync } from 'node:fs'

/** Reads the settings from variables. What is missing or wrong stops the service before it listens. */
export function settingsFrom(variables) {
  const needed = (name) => {
    if (!variables[name]) throw new Error(`${name} is not set`)
    return variables[name]
  }
  const number = (name, otherwise) => {
    const value = Number(variables[name] ?? otherwise)
    if (!Number.isFinite(value) || value < 0) throw new Error(`${name} is not a number: ${variables[name]}`)
    return value
  }
  return Object.freeze({
    issuer: believable(needed('ISSUER')),
    audience: variables.AUDIENCE ?? 'orders',
    host: variables.HOST ?? '127.0.0.1',
    port: number('PORT', 3001),
    cookieName: variables.COOKIE_NAME ?? '__Host-Http-at',
    allowedOrigins: (variables.ALLOWED_ORIGINS ?? '').split(',').filter(Boolean),
    // Without a client the feed has to be open: `[revocation] subscribers = "open"`, as in the demo.
    client: variables.CLIENT_ID && {
      id: variables.CLIENT_ID,
      secret: readFileSync(needed('CLIENT_SECRET_FILE'), 'utf8').trim(),
    },
    maxStaleMs: number('MAX_STALE_SECONDS', 30) * 1000,
  })
}

/** Over plain http from another machine, whoever stands between could hand us keys of their own. */
function believable(issuer) {
  const { protocol, hostname } = new URL(issuer)
  const isNear = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && isNear)) return issuer
  throw new Error(`ISSUER must be an https address (http only on this machine): ${issuer}`)
}
