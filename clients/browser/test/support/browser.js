import { AuthService } from './auth-service.js';
import { Clock, seeded, settled } from './clock.js';
import { createAuth } from '../../src/client.js';

export const AUTH = 'https://auth.example';
export const API = 'https://api.example';

/** One browser: a cookie jar, locks and channels that its tabs share, and a network that can be broken. */
export class Browser {
  clock = new Clock();
  service = new AuthService(this.clock);
  cookies = {};
  tabs = [];
  locks = new Locks();
  /** Milliseconds to the service, and back. */
  latency = () => [5, 5];
  /** `lost`: the request never arrives; `unanswered`: the answer never does. */
  fault = () => undefined;
  /** Whether scripts see the hint: not where the auth service has a cookie jar of its own. */
  hintReadable = true;
  /** A hint that a neighbouring host has put beside ours, where scripts come upon it first. */
  plantedHint = '';
  /** Everything that any tab wrote into storage, and everything that was said on a channel. */
  written = [];
  #random;
  /** What is listened on. */
  channels = new Set();

  constructor({ seed = 1 } = {}) {
    this.#random = seeded(seed);
  }

  /** Somebody is signed in already. */
  signedIn(name) {
    Object.assign(this.cookies, this.service.signedIn(name));
    return this;
  }

  /** Opens a tab. What the browser does not have is left out by `without`. */
  open({ without = [], options = {}, storage } = {}) {
    const env = this.#platform(storage);
    for (const missing of without) delete (missing === 'locks' ? env.navigator : env)[missing];
    const auth = createAuth({ base: AUTH, origins: [API], ...options }, env);
    const tab = new Tab(this, env, auth);
    this.tabs.push(tab);
    return tab;
  }

  /** Opens a tab, and waits until it knows who is signed in. */
  async opened(how) {
    const tab = this.open(how);
    await this.clock.advance(50);
    return tab;
  }

  advance(milliseconds) {
    return this.clock.advance(milliseconds);
  }

  /** Cookies change by a page that is not ours: the server-rendered pages, or a tab without a channel. */
  async change(cookies) {
    this.#apply(cookies);
    await settled();
  }

  #platform(storage = new Map()) {
    const browser = this;
    const { clock } = this;
    const env = new EventTarget();
    const document = Object.assign(new EventTarget(), {
      hidden: false,
      baseURI: 'https://app.example/',
      documentElement: { style: {} },
    });
    Object.defineProperty(document, 'cookie', {
      configurable: true,
      get: () => {
        const planted = browser.plantedHint ? `auth_hint=${browser.plantedHint}; ` : '';
        const hint = browser.hintReadable && browser.cookies.hint ? `; auth_hint=${browser.cookies.hint}; a=b` : '';
        return `${planted}theme=dark${hint}`;
      },
      set: (value) => browser.written.push(value),
    });
    return Object.assign(env, {
      document,
      location: {
        origin: 'https://app.example',
        href: 'https://app.example/orders?page=2#new',
        reloads: 0,
        reload() { this.reloads++; },
        assign(url) { this.href = url; },
      },
      Request,
      fetch: (input, init) => this.#fetch(new Request(input, init)),
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      performance: { now: () => clock.awake },
      Date: { now: () => clock.wall },
      Math: { random: this.#random },
      crypto: { getRandomValues: (array) => array.map(() => this.#random() * 2 ** 32) },
      AbortSignal: {
        timeout(milliseconds) {
          const controller = new AbortController();
          clock.setTimeout(() => controller.abort(new DOMException('Too late.', 'TimeoutError')), milliseconds);
          return controller.signal;
        },
      },
      navigator: { locks: this.locks },
      BroadcastChannel: this.#channelClass(),
      cookieStore: new EventTarget(),
      sessionStorage: {
        getItem: (name) => storage.get(name) ?? null,
        setItem(name, value) {
          browser.written.push(value);
          storage.set(name, value);
        },
        removeItem: (name) => void storage.delete(name),
      },
    });
  }

  async #fetch(request) {
    request.signal.throwIfAborted();
    const cookies = request.credentials === 'include' ? { ...this.cookies } : {};
    const fault = this.fault(request);
    const [there, back] = this.latency(request);
    return abortable(request.signal, async () => {
      await this.clock.pass(there);
      if (fault === 'lost') throw new TypeError('fetch failed');
      const reply = await this.service.handle(request, cookies);
      await this.clock.pass(back);
      if (fault === 'unanswered') throw new TypeError('fetch failed');
      return reply;
    }).then((reply) => {
      this.#apply(reply.cookies);
      return new Response(reply.content, { status: reply.status, headers: reply.headers });
    });
  }

  #apply(cookies) {
    const before = this.cookies.hint;
    Object.assign(this.cookies, cookies);
    if (this.cookies.hint === before || !this.hintReadable) return;
    for (const { env } of this.tabs) this.clock.setTimeout(() => env.cookieStore?.dispatchEvent(new Event('change')));
  }

  #channelClass() {
    const browser = this;
    return class extends EventTarget {
      constructor(name) {
        super();
        this.name = name;
        browser.channels.add(this);
      }

      postMessage(message) {
        browser.written.push(JSON.stringify(message));
        for (const other of browser.channels) {
          if (other === this || other.name !== this.name) continue;
          const data = structuredClone(message);
          browser.clock.setTimeout(() => browser.channels.has(other) && other.dispatchEvent(new MessageEvent('message', { data })), 1);
        }
      }

      close() {
        browser.channels.delete(this);
      }
    };
  }
}

/** One page, and what it was told. */
class Tab {
  events = [];

  constructor(browser, env, auth) {
    this.browser = browser;
    this.env = env;
    this.auth = auth;
    for (const type of ['signedin', 'refreshed', 'expiring', 'expired', 'restored', 'signedout', 'userchanged', 'unavailable']) {
      auth.on(type, () => this.events.push(type));
    }
  }

  /** Makes a call to the service behind; returns what comes of it without waiting. */
  call(path = '/orders', init) {
    const outcome = { settled: false };
    outcome.promise = this.auth.fetch(API + path, init).then(
      async (response) => Object.assign(outcome, { settled: true, status: response.status, content: await response.json() }),
      (error) => Object.assign(outcome, { settled: true, error }),
    );
    return outcome;
  }

  /** Makes a call, and gives it the time it takes. */
  async called(path, init) {
    const outcome = this.call(path, init);
    await this.browser.advance(5_000);
    return outcome;
  }

  show() {
    this.env.document.hidden = false;
    this.env.dispatchEvent(new Event('visibilitychange'));
  }

  hide() {
    this.env.document.hidden = true;
    this.env.dispatchEvent(new Event('visibilitychange'));
  }

  /** Goes to another page, which keeps this one in the back/forward cache. */
  leave() {
    this.env.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
  }

  /** The Back button. */
  comeBack() {
    this.env.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  }

  get covered() {
    return this.env.document.documentElement.style.visibility === 'hidden';
  }
}

/** Web Locks, as far as they are used. */
class Locks {
  #held = new Map();
  #waiting = [];

  request = (name, { signal }, work) => new Promise((resolve, reject) => {
    const entry = { name, run: () => this.#run(name, work).then(resolve, reject), reject };
    signal.addEventListener('abort', () => {
      if (!this.#waiting.includes(entry)) return;
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      reject(signal.reason);
    });
    this.#waiting.push(entry);
    this.#next();
  });

  isHeld(name) {
    return this.#held.has(name);
  }

  /** A tab that holds the lock is frozen: it will not let go. */
  freeze(name) {
    this.#held.set(name, {});
  }

  /** Somebody takes the lock away from its holder, whose work goes on. */
  steal(name) {
    this.#held.get(name)?.stolen?.();
    this.#held.delete(name);
    this.#next();
  }

  #next() {
    const entry = this.#waiting.find(({ name }) => !this.#held.has(name));
    if (!entry) return;
    this.#waiting.splice(this.#waiting.indexOf(entry), 1);
    entry.run();
  }

  async #run(name, work) {
    const holder = {};
    this.#held.set(name, holder);
    const stolen = new Promise((_, reject) => {
      holder.stolen = () => reject(new DOMException('Stolen.', 'AbortError'));
    });
    try {
      return await Promise.race([work(), stolen]);
    } finally {
      if (this.#held.get(name) === holder) this.#held.delete(name);
      this.#next();
    }
  }
}

function abortable(signal, work) {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    work().then(resolve, reject);
  });
}
