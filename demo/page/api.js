// Everything this page says to a service. It never sees a token: the browser sends the cookies along.

/** A refresh that takes longer is given up, and its late answer ignored. The auth service counts on that. */
const REFRESH_TIMEOUT_MS = 10_000;

/** Whatever else takes longer is not coming. */
const TIMEOUT_MS = 15_000;

/** The token is out of date and the session is not: refresh and repeat. */
const REFRESHABLE = new Set(['token_expired', 'token_stale', 'token_revoked', 'token_missing']);

/** A reply that is not a success. `code` is what a program branches on, `message` is for people. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The service answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? 'unknown';
  }
}

/** No reply at all. The session is not over for that. */
export class Unreachable extends Error {
  constructor(base) {
    super(`No answer from ${base}. Nothing is lost; try again in a moment.`);
    this.code = 'unreachable';
  }
}

export class Api {
  #config;
  #onExchange;
  #refreshing = null;

  /**
   * @param {{auth: string, services: {orders: string, profiles: string}}} config where the services are
   * @param {(exchange: {method: string, url: string, status: number, code: string, detail: string, ms: number}) => void} onExchange told of every request
   */
  constructor(config, onExchange) {
    this.#config = config;
    this.#onExchange = onExchange;
  }

  signIn(login, password) {
    return this.#send('POST', `${this.#config.auth}/auth/sign-in`, { body: { login, password } });
  }

  /** Who am I? Refreshes first where only that is needed. */
  session() {
    return this.#locked(() => this.#send('POST', `${this.#config.auth}/auth/session`, { timeout: REFRESH_TIMEOUT_MS }));
  }

  /** One refresh at a time: in this tab by sharing the promise, among tabs by a lock. */
  refresh() {
    this.#refreshing ??= this.#locked(() =>
      this.#send('POST', `${this.#config.auth}/auth/refresh`, { timeout: REFRESH_TIMEOUT_MS }),
    ).finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  signOut(scope) {
    return this.#send('POST', `${this.#config.auth}/auth/sign-out`, { body: { scope } });
  }

  /** Asks the orders service, and once more after a refresh where that helps. */
  async orders(method, path, body) {
    const url = `${this.#config.services.orders}${path}`;
    try {
      return await this.#send(method, url, { body });
    } catch (error) {
      if (!(error instanceof Refused && error.status === 401 && REFRESHABLE.has(error.code))) throw error;
      await this.refresh();
      return this.#send(method, url, { body });
    }
  }

  /** The same request with the cookies left at home. */
  ordersAnonymously(path) {
    return this.#send('GET', `${this.#config.services.orders}${path}`, { credentials: 'omit' });
  }

  #locked(work) {
    return navigator.locks ? navigator.locks.request('handstamp-refresh', work) : work();
  }

  async #send(method, url, { body, credentials = 'include', timeout = TIMEOUT_MS } = {}) {
    const started = performance.now();
    let reply;
    try {
      reply = await fetch(url, {
        method,
        credentials,
        signal: AbortSignal.timeout(timeout),
        headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      this.#onExchange({ method, url, status: 0, code: 'unreachable', detail: '', ms: performance.now() - started });
      throw new Unreachable(new URL(url).origin);
    }
    const content = await reply.json().catch(() => ({}));
    const detail = reply.ok ? '' : content.detail ?? content.title ?? '';
    this.#onExchange({ method, url, status: reply.status, code: reply.ok ? '' : content.code ?? '', detail, ms: performance.now() - started });
    if (!reply.ok) throw new Refused(reply.status, content);
    return content;
  }
}
