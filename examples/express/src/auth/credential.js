import { Problem } from '../problem.js'

// RFC 6265 §4.1.1: what a cookie's value may be made of.
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

/**
 * Finds the one token of a request, and whether a browser may have attached it by itself. A request in which it cannot be told
 * whose token counts is refused: each rule here has been somebody's vulnerability.
 *
 * @returns {{ token: string, fromCookie: boolean }}
 */
export function findCredential(req, cookieName) {
  const [, query] = /^[^?]*\??(.*)$/s.exec(req.url)
  if (new URLSearchParams(query).has('access_token')) {
    throw new Problem('token_invalid', { detail: 'A token stands in the query string, where none is accepted.' })
  }
  const bearer = bearerToken(req.headersDistinct.authorization ?? [])
  const cookie = cookieValue(req.headersDistinct.cookie ?? [], cookieName)
  if (bearer && cookie && bearer !== cookie) {
    throw new Problem('token_invalid', { detail: 'The cookie and the Authorization header hold different tokens.' })
  }
  // A foreign page cannot set the header, so with the same token in both it is the header that counts.
  if (bearer) return { token: bearer, fromCookie: false }
  if (cookie) return { token: cookie, fromCookie: true }
  throw new Problem('token_missing')
}

function bearerToken(values) {
  if (values.length === 0) return undefined
  const [, scheme, rest] = /^(\S*)(.*)$/s.exec(values[0])
  // Another scheme is for somebody else.
  if (values.length === 1 && scheme.toLowerCase() !== 'bearer') return undefined
  const token = rest.trim()
  if (values.length > 1 || !/^[^\s,]+$/.test(token)) {
    throw new Problem('token_malformed', { detail: 'The Authorization header is malformed.' })
  }
  return token
}

// Parsed here and not by a library: two cookies of one name have to be seen, and names are compared byte for byte.
function cookieValue(headers, name) {
  const values = headers
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.replace(/^ /, ''))
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  if (values.length > 1 || !values.every((value) => COOKIE_VALUE.test(value))) {
    throw new Problem('token_malformed', { detail: 'The cookie was refused.' })
  }
  return values[0] || undefined
}
