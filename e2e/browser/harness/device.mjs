import { PASSWORD } from './service.mjs';
import { Tab } from './tab.mjs';
import { until } from './until.mjs';

/** A browser profile: tabs that share cookies. */
export class Device {
  /** The app's tabs that were opened. */
  opened = [];

  /** What all pages have written to the console. */
  console = [];

  constructor(world, context) {
    this.world = world;
    this.context = context;
    context.on('page', (page) => {
      page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => this.console.push(`uncaught: ${error}`));
    });
  }

  /** Opens the app in a new tab and waits until it knows who is there. `options` go to `createAuth`. */
  async tab(options = {}, query = {}) {
    const tab = new Tab(this, await this.context.newPage());
    this.opened.push(tab);
    await tab.open(options, query);
    return tab;
  }

  /** Opens several tabs at once. */
  tabs(count, options = {}) {
    return Promise.all(Array.from({ length: count }, () => this.tab(options)));
  }

  /** Signs somebody in by a page without the client, as if they had been here before. */
  signIn(login = 'ada') {
    return this.#post('/auth/sign-in', { login, password: PASSWORD });
  }

  /** Signs out by a page without the client: no tab is told. */
  signOut() {
    return this.#post('/auth/sign-out', {});
  }

  async #post(path, body) {
    const { auth, app } = this.world.places;
    const page = await this.page(`${app}/places.json`);
    const status = await page.evaluate(
      async ([url, body]) => {
        const headers = { 'content-type': 'application/json' };
        return (await fetch(url, { method: 'POST', credentials: 'include', headers, body })).status;
      },
      [auth + path, JSON.stringify(body)],
    );
    await page.close();
    if (status !== 200) throw new Error(`POST ${path}: ${status}`);
  }

  /** Opens a plain page. */
  async page(url) {
    const page = await this.context.newPage();
    if (url) await page.goto(url);
    return page;
  }

  /** Waits until the auth service refuses the device's token; no page is asked for it. */
  async refused() {
    const { address } = this.world.service;
    const { name, value } = await this.cookie('__Host-Http-at');
    const status = async () => (await fetch(`${address}/auth/whoami`, { headers: { cookie: `${name}=${value}` } })).status;
    await until('the token is refused', async () => (await status()) === 401);
  }

  /** Returns the value of one of the browser's cookies, by the start of its name. */
  async cookie(name) {
    const cookies = await this.context.cookies();
    return cookies.find((cookie) => cookie.name.startsWith(name));
  }

  /** Closes all tabs and forgets everything. */
  async close() {
    this.opened.forEach((tab) => tab.thaw());
    await this.context.close();
  }
}
