/**
 * The rules of the auth service as a browser meets them: cookies, rotation with its grace time, theft, revocation. And a
 * service behind it that believes the access token alone.
 */
const GRACE = 30_000;
/** Twice what a client waits, and what the service takes at most: by then every answer has arrived or was given up. */
const SETTLING = 30_000;

const PEOPLE = {
  ada: { sub: 'u-ada', preferred_username: 'ada', roles: ['buyer'] },
  bob: { sub: 'u-bob', preferred_username: 'bob', roles: [] },
};

export class AuthService {
  /** Seconds. */
  lifetime = 600;
  /** `down`: answers 503. */
  down = false;
  /** Seconds that `Retry-After` asks for, where it is sent. */
  retryAfter = 0;
  /** Every request that was handled: method, path, who it was for, its body and its idempotency key. */
  log = [];
  #clock;
  #sessions = new Map();
  #tokens = new Map();
  #counter = 0;

  constructor(clock) {
    this.#clock = clock;
  }

  /** Returns how many requests to that path were handled. */
  count(path) {
    return this.log.filter((entry) => entry.path === path).length;
  }

  /** Signs somebody in without a request, and returns the cookies: what was there before the test began. */
  signedIn(name) {
    return this.#start(PEOPLE[name]);
  }

  /** Ends every session of somebody: sign-out on another device, an administrator, a theft. */
  endSessions(name) {
    for (const session of this.#sessions.values()) if (session.user === PEOPLE[name]) session.ended = true;
  }

  /** Roles changed: tokens issued so far are stale. */
  makeStale() {
    for (const token of this.#tokens.values()) token.stale = true;
  }

  /** The person in whose name a request with these cookies would be done. */
  userOf(cookies) {
    return this.#refusal(cookies) ? undefined : this.#tokens.get(cookies.at).session.user.sub;
  }

  /** The person whose session these cookies are, whatever the token is worth just now. */
  sessionOf(cookies) {
    const session = this.#tokens.get(cookies.at)?.session;
    return session?.ended ? undefined : session?.user.sub;
  }

  async handle(request, cookies) {
    const { pathname: path } = new URL(request.url);
    const body = await request.text();
    // A refresh that nothing called for: the newest token is good for longer than anybody refreshes ahead.
    const needless = path === '/auth/refresh' && this.#newestLeft(cookies) > 65_000;
    const reply = this.down && path.startsWith('/auth/') ? problem(503, 'unavailable', { 'Retry-After': '2' }) : this.#route(path, request, cookies, body);
    this.log.push({
      method: request.method,
      path,
      status: reply.status,
      sub: reply.sub,
      body,
      key: request.headers.get('Idempotency-Key'),
      custom: request.headers.get('X-Handstamp'),
      at: this.#clock.real,
      needless,
    });
    return reply;
  }

  #route(path, request, cookies, body) {
    switch (path) {
      case '/auth/session': {
        const refusal = this.#refusal(cookies);
        if (!refusal) return this.#whoami(this.#tokens.get(cookies.at));
        return refusal === 'token_missing' || !cookies.rt ? challenge(refusal) : this.#refresh(cookies);
      }
      case '/auth/refresh':
        return this.#refresh(cookies);
      case '/auth/sign-in':
        return this.#signIn(JSON.parse(body), cookies);
      case '/auth/sign-out':
        return this.#signOut(JSON.parse(body), cookies);
      case '/auth/sessions':
        return json(200, { sessions: [...this.#sessions.keys()].map((sid) => ({ sid })) });
      case '/auth/sessions/end-others':
        return json(200, { ended: this.#endOthers(cookies) });
    }
    if (path.startsWith('/auth/sessions/')) {
      this.#sessions.get(decodeURIComponent(path.slice('/auth/sessions/'.length))).ended = true;
      return { status: 204, headers: {}, cookies: {} };
    }
    return this.#call(path, cookies, body);
  }

  /** The service behind: no database, no session, nothing but the token. */
  #call(path, cookies, body) {
    const refusal = this.#refusal(cookies);
    if (path === '/own-401') return json(401, { code: 'wrong_pin' }, { 'WWW-Authenticate': 'Pin' });
    if (path === '/always-refuses') return challenge('token_invalid');
    if (refusal) return challenge(refusal, refusal === 'token_stale' && this.retryAfter ? { 'Retry-After': String(this.retryAfter) } : {});
    const { sub } = this.#tokens.get(cookies.at).session.user;
    return { ...json(200, { sub, echo: body }), sub };
  }

  #newestLeft(cookies) {
    const newest = this.#tokens.get(cookies.at)?.session.newest;
    return !newest || this.#refusal({ at: newest }) ? 0 : this.#tokens.get(newest).exp - this.#clock.real;
  }

  #refusal(cookies) {
    if (!cookies.at) return 'token_missing';
    const token = this.#tokens.get(cookies.at);
    if (token.session.ended) return 'token_revoked';
    if (token.exp <= this.#clock.real) return 'token_expired';
    return token.stale ? 'token_stale' : undefined;
  }

  #refresh(cookies) {
    if (!cookies.at || !cookies.rt) return challenge('token_missing');
    const [sid, generation] = cookies.rt.split('.').slice(1);
    const session = this.#sessions.get(sid);
    if (this.#tokens.get(cookies.at).session !== session) return challenge('token_invalid');
    if (session.ended) return challenge('session_ended');
    const now = this.#clock.real;
    const inGrace = now < session.rotatedAt + GRACE;
    const settled = !inGrace && now >= session.handedOutAt + SETTLING;
    const age = session.generation - Number(generation);
    if (age === 0 && settled) {
      Object.assign(session, { generation: session.generation + 1, rotatedAt: now, handedOutAt: now, confirmed: false });
      return this.#issue(session, true);
    }
    if (age === 0) return this.#issue(session, false);
    if (age === 1 && (inGrace || (settled && !session.confirmed))) {
      session.handedOutAt = now;
      return this.#issue(session, true);
    }
    // A straggler between the two gets on, and keeps the token it has or is about to get.
    if (age === 1 && !settled) return this.#issue(session, false);
    Object.assign(session, { ended: true, theft: true });
    return challenge('session_ended');
  }

  /** Whether any session was ended as stolen. No test here has a thief. */
  get theft() {
    return [...this.#sessions.values()].some((session) => session.theft);
  }

  #signIn({ login, password }, cookies) {
    const user = PEOPLE[login];
    if (!user || password !== 'right') return json(401, { code: 'invalid_credentials', title: 'The user name or password is not right.' }, { 'WWW-Authenticate': 'Bearer' });
    const replaced = cookies.rt && this.#sessions.get(cookies.rt.split('.')[1]);
    if (replaced) replaced.ended = true;
    const session = this.#open(user);
    return this.#issue(session, true);
  }

  #signOut({ scope }, cookies) {
    const token = this.#tokens.get(cookies.at);
    const cleared = { at: '', rt: '', hint: this.#hint('out') };
    if (!token) return { ...challenge('token_missing'), cookies: cleared };
    if (scope === 'everywhere' && token.exp <= this.#clock.real) return challenge('token_expired');
    token.session.ended = true;
    if (scope === 'everywhere') for (const session of this.#sessions.values()) if (session.user === token.session.user) session.ended = true;
    return { ...json(200, { ended: 1 }), cookies: cleared };
  }

  #endOthers(cookies) {
    const own = this.#tokens.get(cookies.at).session;
    const others = [...this.#sessions.values()].filter((session) => session !== own && session.user === own.user && !session.ended);
    for (const session of others) session.ended = true;
    return others.length;
  }

  #start(user) {
    return this.#issue(this.#open(user), true).cookies;
  }

  #open(user) {
    const session = { sid: String(++this.#counter).padStart(8, '0').repeat(4), user, generation: 0, rotatedAt: this.#clock.real, handedOutAt: 0, confirmed: false, ended: false };
    this.#sessions.set(session.sid, session);
    return session;
  }

  #issue(session, newRefresh) {
    const at = `at.${session.sid}.${++this.#counter}`;
    const token = { session, exp: this.#clock.real + this.lifetime * 1000, stale: false };
    this.#tokens.set(at, token);
    session.newest = at;
    const cookies = { at, hint: this.#hint(`${session.sid.slice(0, 8)}.in`) };
    if (newRefresh) cookies.rt = `rt.${session.sid}.${session.generation}`;
    return { ...this.#whoami(token, false), cookies };
  }

  #whoami(token, seen = true) {
    const { session } = token;
    if (seen) session.confirmed = true;
    const expires_in = Math.floor((token.exp - this.#clock.real) / 1000);
    return json(200, { ...session.user, org_id: null, sid: session.sid, amr: ['pwd'], expires_in });
  }

  #hint(rest) {
    return `1.${++this.#counter}.${rest}`;
  }
}

function json(status, content, headers = {}) {
  return { status, headers, cookies: {}, content: JSON.stringify(content) };
}

function problem(status, code, headers = {}) {
  return json(status, { code, title: code, status }, { 'Content-Type': 'application/problem+json', ...headers });
}

function challenge(code, headers = {}) {
  const value = code === 'token_missing' ? 'Bearer' : `Bearer error="invalid_token", error_description="${code}"`;
  return problem(401, code, { 'WWW-Authenticate': value, ...headers });
}
