/**
 * Sign-in, refresh and calls that survive the end of a session. No token comes within reach of this file: the browser
 * sends the cookies along, and this only learns who is signed in and for how much longer.
 *
 * One file and no imports, so that it is served as it stands and one integrity hash covers it.
 *
 * @module
 * @import { Auth, AuthError as TypedError, AuthErrorCode, AuthErrorDetails, AuthEvent, AuthOptions, AuthState, Exchange, Platform, Snapshot, Whoami } from './types.js'
 */

/** A longer sleep of the machine is noticed within this time: timers stand still meanwhile, and sometimes clocks too. */
const HEARTBEAT = 30_000;

/** The longest pause between two attempts to reach the auth service. */
const LONGEST_PAUSE = 60_000;

/** Another tab that changed the cookies says so within this time. If it stays silent, the auth service is asked. */
const HEARSAY = 50;

/** What can go wrong. Programs branch on `code`; the message is for people. */
export class AuthError extends Error {
  /**
   * @param {AuthErrorCode} code
   * @param {string} [message]
   * @param {AuthErrorDetails} [details]
   */
  constructor(code, message = code, details) {
    super(message, details);
    Object.assign(this, details, { name: 'AuthError', code });
  }
}

/**
 * Returns the one object of a page that knows who is signed in. It asks at once; `ready` tells when it knows.
 *
 * @param {AuthOptions} [options]
 * @param {Platform} [env] clocks, network, locks and storage; tests hand in their own
 * @returns {Auth}
 */
export function createAuth(options = {}, env = globalThis) {
  const { origins = [], refreshLead = 60, timeout = 10_000, maxParked = 100, onExpired } = options;
  const { document } = env;
  const { origin: base, port } = new URL(options.base ?? env.location.origin);
  const ours = [base, ...origins].map((origin) => new URL(origin).origin);
  /** Names the lock and the channel: one auth service, one of each. */
  const key = 'handstamp:' + base;
  /** Ports of one host share one cookie jar, so the auth service puts its port into development names. */
  const hintForm = RegExp('^(' + (options.hint ?? 'auth_hint(-' + (port || 80) + ')?') + ')=');

  /** @type {AuthState} */
  let state = 'unknown';
  /** @type {Whoami | null} */
  let user = null;
  /**
   * A new one whenever the state moves. A request notes it, to know later whether it was overtaken.
   *
   * @type {Snapshot}
   */
  let snapshot = Object.freeze({ state, user, expiresAt: null });
  /** What the hint said when the state moved. Another value means that another tab, or page, was at the cookies. */
  let seen = hint();
  let life = 0;
  let since = clocks();
  /** @type {TypedError | 0} */
  let failure = 0;
  let failures = 0;
  /** When to try again, by `performance.now()`. */
  let retryAt = 0;
  /** @type {Promise<void> | null | undefined} */
  let asking;
  /** @type {any} */
  let timer;
  /** Whom the page was shown to when it was left. */
  let shownTo = '';
  /** @type {Set<(value?: any) => void>} */
  const parked = new Set();
  const events = new EventTarget();
  const closing = new AbortController();
  const channel = env.BroadcastChannel && new env.BroadcastChannel(key);

  /**
   * Returns the readable cookie. It says that something changed, and whether somebody is signed in at all. Of two, a
   * neighbouring host has planted one: neither counts.
   */
  function hint() {
    const [found, planted] = document?.cookie.split('; ').filter((/** @type {string} */ cookie) => hintForm.test(cookie)) ?? [];
    return planted ? '' : found;
  }

  function hintSaysOut() {
    return /out$/.test(/** @type {string} */ (hint()));
  }

  function clocks() {
    return [env.performance.now(), env.Date.now()];
  }

  /**
   * Returns the milliseconds since the state moved, by the clock that went further: one stands still while the machine
   * sleeps, the other may be set back. Too much costs a refresh, too little a refused call.
   */
  function elapsed() {
    return Math.max(...clocks().map((now, clock) => now - since[clock]));
  }

  /**
   * Never called inside the lock, and after everything else: a listener may do anything, and cannot break it by throwing.
   *
   * @param {AuthEvent['type']} type
   * @param {Partial<AuthEvent>} [more]
   */
  function emit(type, more) {
    events.dispatchEvent(Object.assign(new Event(type), snapshot, more));
  }

  /**
   * @param {AuthEvent['type']} type
   * @param {(event: any) => void} listener
   */
  function on(type, listener) {
    events.addEventListener(type, listener);
    return () => events.removeEventListener(type, listener);
  }

  /**
   * The one place where the state moves.
   *
   * @param {AuthState} next
   * @param {Whoami | null} whoami
   * @param {AuthEvent['type'] | false | null} type
   * @param {string | undefined} [mark] the hint that goes with it
   * @param {number} [milliseconds] left to the access token
   */
  function become(next, whoami, type, mark = hint(), milliseconds = 0) {
    const previous = user;
    state = next;
    user = whoami;
    life = milliseconds;
    since = clocks();
    seen = mark;
    failure = failures = 0;
    snapshot = Object.freeze({ state, user, expiresAt: life ? since[1] + life : null });
    parked.forEach((wake) => wake());
    tick();
    if (type) emit(type, { previous });
    emit('change');
  }

  /**
   * @param {Whoami} whoami
   * @param {string | undefined} mark
   * @param {number} [late] milliseconds that the news took
   */
  function arrived(whoami, mark, late = 0) {
    const type =
      !user ? 'signedin'
      : user.sub !== whoami.sub ? 'userchanged'
      : state === 'in' ? 'refreshed'
      : 'restored';
    become('in', whoami, type, mark, whoami.expires_in * 1000 - late);
  }

  /** The session is over. Who it was stays known: the page stands as it is, and only they may go on with it. */
  function over() {
    if (!user || hintSaysOut()) left();
    else become('expired', user, state === 'in' && 'expired');
  }

  /**
   * Somebody signed out, here or elsewhere.
   *
   * @param {string} [mark]
   */
  function left(mark) {
    become('out', null, user && 'signedout', mark);
  }

  /**
   * Tells the other tabs.
   *
   * @param {'in' | 'out' | 'expired'} what
   * @param {string} [mark]
   * @param {Whoami} [whoami]
   */
  function tell(what, mark = hint(), whoami) {
    channel?.postMessage([what, mark, env.Date.now(), whoami]);
  }

  /** @param {MessageEvent} message */
  function told({ data: [what, mark, at, whoami] }) {
    if (what === 'out') {
      left(mark);
      // Somebody may have signed in since, on a page that does not tell.
      glance();
    }
    // Overtaken on its way. Whoever was faster tells as well, or `look` asks.
    else if (mark !== hint()) glance();
    else if (what !== 'in') over();
    // The same hint is the same token: a tab that has just been opened tells what is known.
    else if (!mark || mark !== seen || state !== what) arrived(whoami, mark, Math.max(0, env.Date.now() - at));
  }

  /**
   * One request to the auth service.
   *
   * @param {string} path
   * @param {object} [body]
   */
  async function request(path, body) {
    let response;
    try {
      response = await env.fetch(base + '/auth/' + path, {
        method: 'POST',
        credentials: 'include',
        // A redirect would carry a password to wherever it points.
        redirect: 'error',
        headers: { 'X-Handstamp': '1', 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        // The auth service counts on it that a late answer is ignored.
        signal: env.AbortSignal.timeout(timeout),
      });
    } catch (cause) {
      throw new AuthError(/** @type {Error} */ (cause).name === 'TimeoutError' ? 'timeout' : 'network', undefined, { cause });
    }
    return outcome(response);
  }

  /**
   * Runs one tab at a time. A holder that is frozen holds up nobody for longer than its request could have taken, and
   * without locks everybody goes at once: the auth service gives every racer the same answer.
   *
   * @template T
   * @param {() => Promise<T>} work
   */
  async function locked(work) {
    /** @type {Promise<T> | undefined} */
    let running;
    const run = () => (running ??= work());
    try {
      await env.navigator.locks.request(key, { signal: env.AbortSignal.timeout(timeout) }, run);
    } catch {
      // No locks, no lock in time, or it was stolen.
    }
    return run();
  }

  /**
   * Asks the auth service who is here: one question at a time, however many wait for the answer.
   *
   * @param {'refresh' | 'session'} way
   */
  function ask(way) {
    return (asking ??= asked(way).finally(() => {
      asking = null;
      tick();
    }));
  }

  /** @param {'refresh' | 'session'} way */
  async function asked(way) {
    const sent = snapshot;
    try {
      /** @type {string | undefined} */
      let mark;
      const answer = await locked(async () => {
        let before, reply;
        do {
          // Another tab was first, and tells. If it does not: there is nothing to refresh, only to learn.
          if (hint() !== seen) await sleep(HEARSAY);
          if (snapshot !== sent) return;
          before = hint();
          reply = await request(before === seen ? way : 'session');
          mark = hint();
          // An answer counts only for the cookies that are here now: those it was about, or those it brought.
        } while (mark !== before && !isOf(mark, reply.content));
        if (reply.content.sub) tell('in', mark, reply.content);
        else if (reply.status !== 401) throw reply.error;
        else tell('expired');
        return reply;
      });
      if (snapshot !== sent) return;
      if (answer?.content.sub) arrived(answer.content, mark);
      else over();
    } catch (error) {
      if (snapshot === sent) throw failed(/** @type {TypedError} */ (error));
    }
  }

  /**
   * The auth service is away. Nobody is signed out for that; it is asked again, by everybody at another moment.
   *
   * @param {TypedError} error
   */
  function failed(error) {
    const backoff = Math.min(LONGEST_PAUSE, 1000 * 2 ** failures++) * (0.5 + env.Math.random() / 2);
    const pause = Math.max(backoff, 1000 * (error.retryAfter || 0));
    retryAt = env.performance.now() + pause;
    failure = /** @type {any} */ (new AuthError('unavailable', error.message, { cause: error, retryAfter: pause / 1000 }));
    emit('unavailable', { error: /** @type {TypedError} */ (failure) });
    return failure;
  }

  /** Refreshes when it is time, and looks again later. A hidden page keeps no session alive. */
  function tick() {
    env.clearTimeout(timer);
    const due =
      failure ? retryAt - env.performance.now()
      : state === 'in' ? Math.max(life - refreshLead * 1000, life / 2) - elapsed()
      : HEARTBEAT;
    if (closing.signal.aborted) return;
    if (due <= 0 && !document?.hidden && !asking) {
      if (!failure) emit('expiring');
      quietly(ask(state === 'in' ? 'refresh' : 'session'));
    } else timer = env.setTimeout(tick, due > 0 ? Math.min(due, HEARTBEAT) : HEARTBEAT);
  }

  /** Has anybody else been at the cookies? */
  async function look() {
    if (hint() === seen) return;
    if (hintSaysOut()) left();
    else await ask('session');
  }

  /** Looks once whoever was at the cookies has had the time to tell. */
  function glance() {
    quietly(sleep(HEARSAY).then(look));
  }

  /** After sleep, offline time, or a while in the background: nothing that was known is taken for granted. */
  function wake() {
    if (document?.hidden) return;
    retryAt = 0;
    quietly(look());
    tick();
  }

  function who() {
    return state + user?.sid;
  }

  /**
   * What lies in the top layer goes by the visibility alone; what has a visibility of its own, by the opacity.
   *
   * @param {'hidden' | ''} visibility
   */
  function cover(visibility) {
    Object.assign(document.documentElement.style, { visibility, opacity: visibility && 0 });
  }

  /**
   * The back/forward cache keeps the page as it is left, so it is left covered.
   *
   * @param {PageTransitionEvent} event
   */
  function leaving({ persisted }) {
    shownTo = who();
    if (persisted && user) cover('hidden');
  }

  /**
   * A page from the back/forward cache is uncovered once it is certain that the same person is still signed in, and
   * otherwise loaded afresh.
   *
   * @param {PageTransitionEvent} event
   */
  async function returned({ persisted }) {
    if (!persisted) return;
    // A failure of before is no doubt: it says nothing about who is here.
    const known = await (seen ? look() : ask('session')).then(() => who() === shownTo, () => {});
    if (known) cover('');
    else env.location.reload();
  }

  /**
   * Carries one call through refresh and sign-in. `send` is told which headers to add, and may be asked more than once.
   *
   * @template {{ status: number, headers: { get(name: string): any } }} T
   * @param {Exchange} call
   * @param {(headers: Record<string, string>) => Promise<T>} send
   * @returns {Promise<T>}
   */
  async function guard({ method, signal, once }, send) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (!/GET|HEAD|OPTIONS/.test(method)) {
      headers['X-Handstamp'] = '1';
      headers['Idempotency-Key'] = env.crypto.getRandomValues(new Uint32Array(4)).join('-');
    }
    let owner = user?.sub, retried = false;
    for (;;) {
      if (state !== 'unknown') await within(signal, look());
      owner ??= user?.sub;
      // What one person asked for is never done in the name of another.
      if (owner !== user?.sub) throw new AuthError(user ? 'user_changed' : 'session_ended');
      if (state === 'expired') {
        await park(signal);
        retried = false;
        continue;
      }
      const sent = snapshot, as = who();
      const response = await send(headers);
      if (response.status !== 401 || !/Bearer.*error="invalid_token"/.test(response.headers.get('WWW-Authenticate'))) return response;
      if (once) throw new AuthError('not_replayable');
      const spread = response.headers.get('Retry-After') * 1000;
      if (spread) await within(signal, sleep(Math.min(LONGEST_PAUSE, spread) + 1000 * env.Math.random()));
      if (snapshot === sent) {
        if (failure && env.performance.now() < retryAt) throw failure;
        await within(signal, ask(retried ? 'session' : 'refresh'));
      }
      // Refused again: the app's, unless the session has ended or is another one by now.
      if (retried ? who() === as : state === 'out' && !owner) return response;
      retried = true;
    }
  }

  /**
   * Waits until something happens.
   *
   * @param {AbortSignal} [signal]
   */
  async function park(signal) {
    if (parked.size >= maxParked) throw new AuthError('too_many_parked');
    /** @type {any} */
    let wake;
    await within(signal, new Promise((resolve) => parked.add((wake = resolve)))).finally(() => parked.delete(wake));
  }

  /** @param {number} milliseconds */
  function sleep(milliseconds) {
    return new Promise((resolve) => env.setTimeout(resolve, milliseconds));
  }

  /** @param {string | URL} url */
  function covers(url) {
    return ours.includes(new URL(url, document?.baseURI).origin);
  }

  /**
   * The app's `fetch`. Calls to other origins than those it was made for go out untouched.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function authFetch(input, init) {
    if (!covers(/** @type {Request} */ (input).url ?? input)) return env.fetch(input, init);
    // A stream can be read once; everything else is copied before it is sent.
    const once = /** @type {any} */ (init?.body)?.getReader;
    const call = new env.Request(input, { credentials: 'include', ...init });
    return guard({ method: call.method, signal: call.signal, once }, (headers) => {
      const copy = once ? call : call.clone();
      for (const name in headers) if (!copy.headers.has(name)) copy.headers.set(name, headers[name]);
      return env.fetch(copy);
    });
  }

  /**
   * A call to the auth service's own interface.
   *
   * @param {string} path
   * @param {string} [method]
   */
  async function sessions(path, method) {
    const response = await authFetch(base + '/auth/sessions' + path, { method });
    const { content, error } = await outcome(response);
    if (!response.ok) throw error;
    return content;
  }

  /** @param {{ login: string, password: string }} credentials */
  async function signIn({ login, password }) {
    const { content, error } = await locked(() => request('sign-in', { login, password }));
    if (!content.sub) throw error;
    // Where another page was at the cookies meanwhile, `look` will find out whose they are.
    const mark = isOf(hint(), content) ? hint() : '';
    arrived(content, mark);
    tell('in', mark, content);
    return content;
  }

  /** @param {{ everywhere?: boolean }} [options] */
  async function signOut({ everywhere } = {}) {
    const out = () => request('sign-out', { scope: everywhere ? 'everywhere' : 'session' });
    let reply = await out();
    // An expired token is enough to end its own session, not to end all.
    if (everywhere && reply.status === 401) {
      await ask('refresh');
      reply = await out();
    }
    // With 401 there was nothing left to end.
    if (reply.status !== 200 && reply.status !== 401) throw reply.error;
    left();
    tell('out');
  }

  async function refresh() {
    await ask('refresh');
    if (state !== 'in') throw new AuthError('session_ended');
    return /** @type {Whoami} */ (user);
  }

  /**
   * @param {any} target
   * @param {string} types
   * @param {(event: any) => void} listener
   */
  const listen = (target, types, listener) =>
    types.split(' ').forEach((type) => target?.addEventListener?.(type, listener, closing));
  listen(env, 'focus online visibilitychange', wake);
  listen(env, 'pagehide', leaving);
  listen(env, 'pageshow', returned);
  listen(env.cookieStore, 'change', glance);
  listen(channel, 'message', told);
  if (onExpired) on('expired', onExpired);

  return {
    base,
    get state() { return state; },
    get user() { return user; },
    get expiresAt() { return snapshot.expiresAt; },
    ready: quietly(ask('session')).then(() => state),
    snapshot: () => snapshot,
    subscribe: (listener) => on('change', listener),
    on,
    covers,
    fetch: authFetch,
    guard,
    signIn,
    signOut,
    refresh,
    hasRole: (role) => !!user?.roles.includes(role),
    sessions: {
      list: async () => (await sessions('')).sessions,
      end: (sid) => sessions('/' + encodeURIComponent(sid), 'DELETE'),
      endOthers: async () => (await sessions('/end-others', 'POST')).ended,
    },
    close() {
      closing.abort();
      channel?.close();
      tick();
    },
  };
}

/**
 * Follows a promise until the caller loses patience, and then fails as `fetch` does.
 *
 * @template T
 * @param {AbortSignal | undefined} signal
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function within(signal, promise) {
  // One signal may serve many calls: none of them leaves anything on it.
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    promise.then(resolve, reject);
    signal?.throwIfAborted();
    signal?.addEventListener('abort', () => reject(signal.reason), over);
  }).finally(() => over.abort());
}

/**
 * Returns what the auth service answered, and the error that it is for whom it is one.
 *
 * @param {Response} response
 */
async function outcome(response) {
  const content = await response.json().catch(() => ({}));
  const { code = 'unavailable', title, detail = title } = content;
  const retryAfter = +/** @type {string} */ (response.headers.get('Retry-After'));
  return {
    status: response.status,
    content,
    error: new AuthError(code, detail, { status: response.status, retryAfter }),
  };
}

/**
 * Can this hint be one of that session? One that is not there contradicts nothing.
 *
 * @param {string | undefined} mark
 * @param {Whoami} whoami
 */
function isOf(mark, { sid }) {
  return !mark || mark.includes(/** @type {string} */ (sid?.slice(0, 8)));
}

/**
 * For work nobody waits for: its failure was told as an event.
 *
 * @param {Promise<unknown>} promise
 */
function quietly(promise) {
  return promise.catch(() => {});
}
