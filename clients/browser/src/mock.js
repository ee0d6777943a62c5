/**
 * The real client with nothing real around it, for an app's own tests: sign-in, expiry, outages and sign-ins of somebody
 * else happen when the test says so.
 *
 * @module
 * @import { AuthMock, MockCall, MockOptions, MockPerson, Platform, Whoami } from './types.js'
 */

import { createAuth } from './client.js';

/** Who there is unless the test says otherwise. Everybody's password is `right`. */
export const ADA = { sub: 'u-ada', preferred_username: 'ada', email: 'ada@example.test', roles: ['admin'] };
export const BOB = { sub: 'u-bob', preferred_username: 'bob', email: 'bob@example.test', roles: [] };

/**
 * Returns an `auth` that works like the real one, with more to pull at. Nothing leaves the process.
 *
 * @param {MockOptions} [options]
 * @returns {AuthMock}
 */
export function createAuthMock({ user = ADA, people = [ADA, BOB], lifetime = 600, respond, ...options } = {}) {
  const base = options.base ?? globalThis.location?.origin ?? 'https://app.test';
  const service = new Service(people, lifetime, respond);
  const env = platform(service, base);
  if (user) service.start(user);
  const auth = createAuth({ ...options, base }, /** @type {any} */ (env));

  return Object.defineProperties(/** @type {any} */ ({}), {
    ...Object.getOwnPropertyDescriptors(auth),
    ...Object.getOwnPropertyDescriptors({
      calls: service.calls,
      expireNow() {
        service.expiresAt = 0;
      },
      async endSession() {
        service.session = null;
        await auth.refresh().catch(() => {});
      },
      /** @param {boolean} [away] */
      offline(away = true) {
        service.offline = away;
        if (!away) env.dispatchEvent(new Event('online'));
      },
      /** @param {boolean} [away] */
      unavailable(away = true) {
        service.down = away;
        if (!away) env.dispatchEvent(new Event('online'));
      },
      /** @param {MockPerson} person */
      async signInAs(person) {
        await auth.ready;
        env.tell(['in', service.start(person), env.Date.now(), service.whoami()]);
      },
      async signOutElsewhere() {
        await auth.ready;
        env.tell(['out', service.end()]);
      },
    }),
  });
}

/** An auth service for one browser, and every service behind it. */
class Service {
  /** @type {MockCall[]} */
  calls = [];
  /** @type {(MockPerson & { sid: string }) | null} */
  session = null;
  /** By `Date.now()`; 0 is long ago. */
  expiresAt = 0;
  offline = false;
  down = false;
  hint = '';
  #people;
  #lifetime;
  #respond;
  #counter = 0;

  /**
   * @param {MockPerson[]} people
   * @param {number} lifetime
   * @param {MockOptions['respond']} respond
   */
  constructor(people, lifetime, respond = () => json(200, {})) {
    this.#people = people;
    this.#lifetime = lifetime;
    this.#respond = respond;
  }

  /**
   * Starts a session, and returns the hint that goes with it.
   *
   * @param {MockPerson} person
   */
  start(person) {
    this.session = { ...person, sid: String(++this.#counter).padStart(8, '0') };
    return this.#renew();
  }

  /** Ends the session as a sign-out does, and returns the hint. */
  end() {
    this.session = null;
    return this.#move('out');
  }

  /** @returns {Whoami} */
  whoami() {
    const { password, ...person } = /** @type {MockPerson & { sid: string }} */ (this.session);
    const expires_in = Math.max(0, Math.round((this.expiresAt - Date.now()) / 1000));
    return { org_id: null, amr: ['pwd'], ...person, roles: person.roles ?? [], expires_in };
  }

  /** @param {Request} request */
  async answer(request) {
    if (this.offline) throw new TypeError('Failed to fetch');
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/auth/')) return this.#auth(pathname.slice('/auth/'.length), request);
    if (!this.session && !this.hint) return refused('token_missing');
    if (!this.session) return refused('token_revoked');
    if (this.expiresAt <= Date.now()) return refused('token_expired');
    const user = this.whoami();
    this.calls.push({ method: request.method, url: request.url, headers: request.headers, body: await request.clone().text(), user });
    return this.#respond(request, user);
  }

  /**
   * @param {string} path
   * @param {Request} request
   */
  async #auth(path, request) {
    if (this.down) return json(503, { code: 'unavailable', title: 'The service cannot answer just now. Try again.' });
    if (path === 'sign-in') return this.#signIn(await request.json());
    if (!this.session) return refused('session_ended');
    switch (path) {
      case 'refresh':
        this.#renew();
        return json(200, this.whoami());
      case 'session':
        if (this.expiresAt <= Date.now()) this.#renew();
        return json(200, this.whoami());
      case 'sign-out':
        this.end();
        return json(200, { ended: 1 });
      case 'sessions': {
        const now = Math.floor(Date.now() / 1000);
        const times = { created_at: now, last_seen_at: now, expires_at: now + 86_400 };
        return json(200, { sessions: [{ sid: this.session.sid, current: true, device: 'Test', ...times }] });
      }
      case 'sessions/end-others':
        return json(200, { ended: 0 });
    }
    return json(404, { code: 'not_found', title: 'There is nothing here.' });
  }

  /** @param {{ login: string, password: string }} given */
  #signIn({ login, password }) {
    const person = this.#people.find(({ preferred_username, email }) => login === preferred_username || login === email);
    if (!person || password !== (person.password ?? 'right')) {
      return json(401, { code: 'invalid_credentials', title: 'The user name or password is not right.' }, { 'WWW-Authenticate': 'Bearer' });
    }
    this.start(person);
    return json(200, this.whoami());
  }

  #renew() {
    this.expiresAt = Date.now() + this.#lifetime * 1000;
    return this.#move(`${this.session?.sid}.in`);
  }

  /** @param {string} rest */
  #move(rest) {
    return (this.hint = `auth_hint=1.${++this.#counter}.${rest}`);
  }
}

/**
 * What the client takes from a browser. Timers and clocks are those of the process, so that a test's fake ones count.
 *
 * @param {Service} service
 * @param {string} base
 */
function platform(service, base) {
  const baseURI = globalThis.document?.baseURI ?? `${base}/`;
  /** @type {EventTarget | undefined} */
  let channel;
  return Object.assign(new EventTarget(), {
    // Where there is no page, addresses are still those of one.
    Request: class extends Request {
      /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
      constructor(input, init) {
        super(typeof input === 'string' ? new URL(input, baseURI) : input, init);
      }
    },
    crypto,
    Math,
    Date: { now: () => Date.now() },
    performance: { now: () => performance.now() },
    AbortSignal,
    document: {
      hidden: false,
      baseURI,
      documentElement: { style: {} },
      get cookie() {
        return service.hint;
      },
    },
    location: { origin: base, href: `${base}/`, reload() {} },
    navigator: {},
    BroadcastChannel: class extends EventTarget {
      constructor() {
        super();
        channel = this;
      }

      postMessage() {}
      close() {}
    },
    /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
    fetch: async (input, init) => service.answer(new Request(input, init)),
    /** @param {() => void} work @param {number} milliseconds */
    setTimeout(work, milliseconds) {
      const timer = setTimeout(work, milliseconds);
      // A test that is over is over.
      /** @type {any} */ (timer).unref?.();
      return timer;
    },
    /** @param {any} timer */
    clearTimeout: (timer) => clearTimeout(timer),
    /** What another tab says. @param {unknown[]} data */
    tell: (data) => channel?.dispatchEvent(new MessageEvent('message', { data })),
  });
}

/**
 * @param {number} status
 * @param {object} content
 * @param {Record<string, string>} [headers]
 */
function json(status, content, headers = {}) {
  return new Response(JSON.stringify(content), { status, headers: { 'Content-Type': 'application/json', ...headers } });
}

/** @param {string} code */
function refused(code) {
  const challenge = code === 'token_missing' ? 'Bearer' : `Bearer error="invalid_token", error_description="${code}"`;
  return json(401, { code }, { 'WWW-Authenticate': challenge });
}
