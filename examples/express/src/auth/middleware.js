import { Problem } from '../problem.js'
import { findCredential } from './credential.js'
import { refuseForgery } from './csrf.js'

/** Lets nobody past without a good token, and puts who is calling into `req.caller`. */
export function signedIn({ verify, cookieName, allowedOrigins }) {
  return async (req, _res, next) => {
    const { token, fromCookie } = findCredential(req, cookieName)
    if (fromCookie) refuseForgery(req, allowedOrigins)
    req.caller = await verify(token)
    next()
  }
}

/** For people who belong to an organisation. */
export function inOrg(req, _res, next) {
  if (!req.caller.isPerson) throw new Problem('caller_mismatch', { detail: 'This is for people who are signed in.' })
  if (!req.caller.orgId) throw new Problem('org_mismatch')
  next()
}

/** For people who hold this role. */
export function role(name) {
  return (req, _res, next) => {
    if (!req.caller.roles.has(name)) {
      throw new Problem('role_required', { detail: `Needs one of these roles: ${name}.` })
    }
    next()
  }
}
