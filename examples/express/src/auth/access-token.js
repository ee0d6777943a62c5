import { errors, jwtVerify } from 'jose'
import { Problem } from '../problem.js'

/** What a token may be signed with. One algorithm, chosen by us: never the one that the token asks for. */
const ALGORITHMS = ['ES256']

const REQUIRED = ['iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'client_id', 'rev']

/**
 * Returns a function that turns a token into whoever it speaks for, or throws a {@link Problem}.
 *
 * @param {object} options
 * @param {string} options.issuer   the auth service's URL, exactly as in `iss`
 * @param {string} options.audience the name this service goes by in `aud`
 * @param {Function} options.keys   the issuer's public keys
 * @param {{ judge: Function }} options.revocations what was taken back
 */
export function accessTokenVerifier({ issuer, audience, keys, revocations }) {
  return async (token) => {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      // An ID token or a status list has the same keys and the same issuer, and is no access token (RFC 9068 §4).
      typ: 'at+jwt',
      issuer,
      audience,
      requiredClaims: REQUIRED,
    }).catch((error) => {
      throw refusal(error)
    })
    // Where there is one key, jose takes it for a token that names none, and the thief of a leaked one would leave its name out.
    if (!isText(protectedHeader.kid) || !isShapedLikeOurs(payload)) throw new Problem('token_invalid')
    const verdict = revocations.judge(payload, protectedHeader.kid)
    if (verdict === 'dead') throw new Problem('token_revoked')
    if (verdict === 'stale') throw new Problem('token_stale')
    if (verdict !== 'pass') throw new Problem('unavailable', { detail: 'It is not known what was revoked lately.' })
    return principal(payload)
  }
}

/** Whoever is calling, as far as this service wants to know. */
function principal(claims) {
  return Object.freeze({
    sub: claims.sub,
    username: claims.preferred_username,
    orgId: claims.org_id,
    roles: new Set(claims.roles),
    // RFC 9068 §2.2: where no person is involved, the subject is the client itself.
    isPerson: claims.sub !== claims.client_id,
  })
}

const isText = (value) => typeof value === 'string' && value !== ''

function isShapedLikeOurs({ sub, client_id, org_id, roles = [] }) {
  return isText(sub) && isText(client_id) && (org_id === undefined || isText(org_id)) && Array.isArray(roles) && roles.every(isText)
}

/** The token's fault is 401; that the keys cannot be had is ours, and says nothing about the token. */
function refusal(error) {
  const is = (...kinds) => kinds.some((kind) => error instanceof kind)
  if (is(errors.JWTExpired)) return new Problem('token_expired')
  if (is(errors.JWSInvalid, errors.JWTInvalid)) return new Problem('token_malformed')
  if (is(errors.JWKSTimeout, errors.JWKSInvalid)) return new Problem('unavailable', { cause: error })
  // jose has a class for everything that can be wrong with a token; the bare one is a key set that was not answered with 200.
  if (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC') return new Problem('token_invalid', { cause: error })
  return new Problem('unavailable', { cause: error })
}
