// Errors as the auth service tells them: application/problem+json (RFC 9457) with a stable `code`, and the challenge of RFC 6750.

const CODES = {
  token_missing: [401, 'No credentials were sent.'],
  token_malformed: [401, 'What was sent is not a token.'],
  token_expired: [401, 'The token has expired.'],
  token_revoked: [401, 'The token was revoked.'],
  token_stale: [401, 'Roles or organisation changed since this token was issued.'],
  token_invalid: [401, 'The token is not valid here.'],
  csrf_rejected: [403, 'The request did not come from an allowed origin.'],
  role_required: [403, 'A role is missing for this.'],
  caller_mismatch: [403, 'This is for another kind of caller.'],
  org_mismatch: [403, 'This belongs to another organisation.'],
  validation_failed: [422, 'The request is not valid.'],
  body_malformed: [400, 'The body could not be read.'],
  body_too_large: [413, 'The body is too large.'],
  unsupported_media_type: [415, 'Send the body as application/json.'],
  not_found: [404, 'There is nothing here.'],
  unavailable: [503, 'The service cannot answer just now. Try again.'],
  internal: [500, 'Something went wrong on our side.'],
}

const RETRY_AFTER_SECONDS = 1

/** What a request is refused with. `cause` is for the log; clients never see it. */
export class Problem extends Error {
  constructor(code, { detail, errors, cause } = {}) {
    const [status, title] = CODES[code]
    super(detail ?? title, { cause })
    this.code = code
    this.status = status
    this.body = { status, code, title, ...(detail && { detail }), ...(errors && { errors }) }
  }

  /** The value of `WWW-Authenticate` (RFC 6750 §3), where the refusal is about credentials. */
  get challenge() {
    if (this.code === 'token_missing') return 'Bearer'
    if (this.status === 401) return `Bearer error="invalid_token", error_description="${this.code}"`
    if (['role_required', 'caller_mismatch', 'org_mismatch'].includes(this.code)) {
      return `Bearer error="insufficient_scope", error_description="${this.code}"`
    }
    return undefined
  }

  send(res) {
    if (this.challenge) res.set('WWW-Authenticate', this.challenge)
    if (this.status === 503) res.set('Retry-After', String(RETRY_AFTER_SECONDS))
    res.set('Cache-Control', 'no-store')
    // Not by res.type(), which would add a charset: JSON has one anyway.
    res.status(this.status).setHeader('Content-Type', 'application/problem+json')
    res.end(JSON.stringify(this.body))
  }
}

/** What express.json() found wrong with a body. */
const BODY_ERRORS = {
  'entity.parse.failed': 'body_malformed',
  'encoding.unsupported': 'unsupported_media_type',
  'charset.unsupported': 'unsupported_media_type',
  'entity.too.large': 'body_too_large',
  'request.aborted': 'body_malformed',
  'request.size.invalid': 'body_malformed',
}

/** What Express refuses by itself is the client's mistake, and says so by its status: a body that is no gzip, a path that is no UTF-8. */
function codeOf(error) {
  if (error instanceof URIError) return 'not_found'
  return BODY_ERRORS[error.type] ?? (error.status >= 400 && error.status < 500 ? 'body_malformed' : 'internal')
}

/** The last middleware: every error leaves as a problem, and what nobody expected says nothing about itself. */
export function problemHandler(log) {
  // Express tells an error handler by its four arguments.
  return (error, _req, res, next) => {
    if (res.headersSent) return next(error)
    const problem = error instanceof Problem ? error : new Problem(codeOf(error), { cause: error })
    if (problem.status >= 500) log.error(problem.message, problem.cause ?? '')
    problem.send(res)
  }
}
