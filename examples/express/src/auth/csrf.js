import { Problem } from '../problem.js'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Refuses an unsafe request whose cookie a foreign page may have made the browser send.
 *
 * Other pages choose neither `Sec-Fetch-Site` nor `Origin`, so those decide. `same-site` alone is never trusted: a sibling host
 * may be somebody else's. Without either, a header of our own makes browsers ask first before they send it across origins.
 */
export function refuseForgery(req, allowedOrigins) {
  // A WebSocket begins with a GET and is not safe: it carries whatever the page says.
  const isWebSocket = req.headersDistinct['sec-websocket-key'] !== undefined
  if (SAFE_METHODS.has(req.method) && !isWebSocket) return
  const site = only(req, 'sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return
  const origin = only(req, 'origin')
  if (origin !== undefined) {
    if (allowedOrigins.includes(origin)) return
    throw new Problem('csrf_rejected', { detail: `The origin ${JSON.stringify(origin)} is not on the allow-list.` })
  }
  if (site === undefined && only(req, 'x-handstamp') === '1') return
  throw new Problem('csrf_rejected')
}

function only(req, name) {
  const values = req.headersDistinct[name] ?? []
  if (values.length > 1) throw new Problem('csrf_rejected', { detail: `The header ${name} is there more than once.` })
  return values[0]
}
