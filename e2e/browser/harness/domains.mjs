import { Device } from './device.mjs';
import { Front } from './front.mjs';
import { freePort, Gateway } from './gateway.mjs';
import { Service } from './service.mjs';
import { shop as app } from './shop.mjs';
import { Trust } from './trust.mjs';

/** Domains that share nothing. People type passwords at the first alone. */
const HOSTS = { home: 'app.one.test', shop: 'shop.two.test', blog: 'blog.three.test' };

/** Three domains, each with a gateway of its own that speaks TLS, before one auth service; and devices to visit them with. */
export class Domains {
  devices = [];

  /** What browsers have asked, in order: `{ method, url, path, kind, isMain, status }`. */
  requests = [];

  #gateways = [];

  static async open({ users = ['ada'] } = {}) {
    const domains = new Domains();
    try {
      await domains.#start(users);
    } catch (error) {
      await domains.close();
      throw error;
    }
    return domains;
  }

  async #start(users) {
    this.trust = await Trust.of(Object.values(HOSTS));
    const ports = Object.fromEntries(await Promise.all(Object.keys(HOSTS).map(async (name) => [name, await freePort()])));
    this.origins = Object.fromEntries(Object.entries(HOSTS).map(([name, host]) => [name, `https://${host}:${ports[name]}`]));
    const { home, shop, blog } = this.origins;
    const config = [
      '[server]',
      'trusted_proxies = ["127.0.0.0/8"]',
      '[revocation]',
      'subscribers = "open"',
      `[sites.shop]\nurl = "${shop}"`,
      `[sites.blog]\nurl = "${blog}"`,
    ];
    this.service = await Service.start(home, {}, { 'handstamp.toml': config.join('\n') });
    this.app = await Front.open(() => app);
    const behind = { auth: this.service.address, issuer: home, app: this.app.origin('127.0.0.1'), ...this.trust.files };
    const start = (name) => Gateway.start({ origin: this.origins[name], port: ports[name], ...behind });
    for (const name of Object.keys(HOSTS)) this.#gateways.push(await start(name));
    await Promise.all(users.map((name) => this.service.addUser(name)));
  }

  /** Returns a device: a browser profile with cookies of its own. `options` are those of a browser context. */
  async device(options = {}) {
    const context = await this.trust.browser.newContext(options);
    context.on('request', (request) => this.#note(request));
    const device = new Device(this, context);
    this.devices.push(device);
    return device;
  }

  #note(request) {
    const url = request.url();
    const isMain = !request.isNavigationRequest() || request.frame().parentFrame() === null;
    const seen = { method: request.method(), url, path: new URL(url).pathname, kind: request.resourceType(), isMain };
    this.requests.push(seen);
    request.response().then((response) => (seen.status = response?.status()), () => {});
  }

  /** What the service and the gateways have logged. */
  get log() {
    return this.service.log + this.#gateways.map(({ log }) => log).join('');
  }

  /** Stops everything. */
  async close() {
    await Promise.all(this.devices.map((device) => device.close()));
    await Promise.all(this.#gateways.map((gateway) => gateway.stop()));
    await this.app?.close();
    await this.service?.stop();
    await this.trust?.forget();
  }
}

/** Returns who the app at this origin is told is there: a token's claims, or the status of a refusal. */
export async function who(device, origin) {
  const page = await device.page(`${origin}/`);
  const told = await page.evaluate(async () => {
    const reply = await fetch('/api/me', { cache: 'no-store' });
    return reply.ok ? reply.json() : reply.status;
  });
  await page.close();
  return told;
}
