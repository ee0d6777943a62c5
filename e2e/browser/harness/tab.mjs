import { renderers } from './chromium.mjs';
import { PASSWORD } from './service.mjs';
import { pause } from './until.mjs';

/** The app in one tab. */
export class Tab {
  #stopped;

  constructor(device, page) {
    this.device = device;
    this.page = page;
  }

  /** Loads the app and waits until it knows who is there. */
  async open(options = {}, query = {}) {
    const search = new URLSearchParams({ ...query, options: JSON.stringify(options) });
    await this.page.goto(`${this.device.world.places.app}/?${search}`);
    await this.ready();
  }

  /** Waits until the app has started and knows who is there. */
  async ready() {
    await this.page.waitForSelector('html[data-ready=yes]');
    await this.page.evaluate(() => window.auth.ready);
  }

  /** Returns who is there, in the words of the client. */
  state() {
    return this.page.evaluate(() => window.auth.state);
  }

  /** Waits for a state. */
  async becomes(state, timeout = 10_000) {
    await this.page.waitForFunction((wanted) => window.auth.state === wanted, state, { timeout });
  }

  /** Returns the name of whoever is signed in. */
  user() {
    return this.page.evaluate(() => window.auth.user?.preferred_username);
  }

  /** Returns the events so far, in order. */
  async events() {
    const seen = await this.page.evaluate(() => window.seen);
    return seen.map(({ event }) => event);
  }

  /** Signs in by the client. */
  signIn(login = 'ada', password = PASSWORD) {
    return this.page.evaluate((person) => window.auth.signIn(person), { login, password });
  }

  /** The dialog over the page. */
  get dialog() {
    return this.page.getByRole('dialog');
  }

  /** Signs in over the page, as whoever was signed in. */
  async signInByDialog(password = PASSWORD) {
    const field = this.dialog.locator('input[type=password]');
    await field.fill(password);
    await field.press('Enter');
  }

  /** Leaves for the sign-in page. */
  async leave() {
    await Promise.all([this.page.waitForURL(/\/auth\/sign-in/), this.page.evaluate(() => window.leave())]);
  }

  /** Signs in on the sign-in page that is shown. */
  async signInByPage(login, password = PASSWORD) {
    await this.page.locator('input[autocomplete~=username]').fill(login);
    await this.page.locator('input[type=password]').fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** Returns what the focused element is called. */
  focused() {
    return this.page.evaluate(() => document.activeElement?.textContent.trim());
  }

  /** Calls the app's service; returns `{ status, body }`, or `{ error }` with the code. */
  call(path = '/api/echo', init = {}) {
    return this.page.evaluate(
      async ([path, init]) => {
        try {
          const reply = await window.auth.fetch(window.places.api + path, init);
          return { status: reply.status, body: await reply.json() };
        } catch (error) {
          return { error: error.code ?? String(error) };
        }
      },
      [path, init],
    );
  }

  /** Makes several calls at the same moment: at once, or at a time that several tabs agree on. */
  calls(count, at = 0) {
    return this.page.evaluate(
      async ([count, at]) => {
        await new Promise((resolve) => setTimeout(resolve, at - Date.now()));
        const call = async () => {
          try {
            const reply = await window.auth.fetch(`${window.places.api}/api/echo`);
            return { status: reply.status, body: await reply.json() };
          } catch (error) {
            return { error: error.code ?? String(error) };
          }
        };
        return Promise.all(Array.from({ length: count }, call));
      },
      [count, at],
    );
  }

  /** Starts a call and leaves it running: `outcome(name)` tells what came of it. */
  async begin(name, path = '/api/echo', init = {}) {
    await this.page.evaluate(
      ([name, path, init]) => {
        window.begun ??= {};
        window.begun[name] = undefined;
        window.auth.fetch(window.places.api + path, init).then(
          (reply) => (window.begun[name] = { status: reply.status }),
          (error) => (window.begun[name] = { error: error.code ?? String(error) }),
        );
      },
      [name, path, init],
    );
  }

  /** Waits for what came of a call that was begun. */
  async outcome(name) {
    const found = await this.page.waitForFunction((name) => window.begun[name], name);
    return found.jsonValue();
  }

  /**
   * Stops the process that runs this page: it stands still as on a machine that sleeps, or as a browser freezes tabs,
   * and keeps what it holds.
   */
  async freeze() {
    for (const pid of await renderers()) {
      process.kill(pid, 'SIGSTOP');
      if (!(await this.#answers())) {
        this.#stopped = pid;
        return;
      }
      process.kill(pid, 'SIGCONT');
    }
    throw new Error('no process of the browser runs this page');
  }

  /** Lets the page go on. */
  thaw() {
    if (this.#stopped) process.kill(this.#stopped, 'SIGCONT');
    this.#stopped = undefined;
  }

  /** A page on a machine that has much else to do takes its time, and must not be taken for one that stands still. */
  async #answers() {
    const answer = this.page.evaluate(() => true);
    return Promise.race([answer, pause(1_500).then(() => false)]);
  }
}
