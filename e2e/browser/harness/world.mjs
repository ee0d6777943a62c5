import { Api } from './api.mjs';
import { app } from './app.mjs';
import { certificate } from './certificate.mjs';
import { browser } from './chromium.mjs';
import { Device } from './device.mjs';
import { Front } from './front.mjs';
import { Service } from './service.mjs';
import { Sockets } from './sockets.mjs';
import { Upstream } from './upstream.mjs';

/** The host of the app over https. */
export const HOST = 'app.handstamp.test';

const IS_OF_AUTH = /^\/(auth|oauth2|\.well-known)(\/|$)/;

/**
 * An auth service, a service of the app, and the app, behind fronts that can break; and devices to visit them with.
 *
 * `plain` is a development machine: three origins of `http://localhost`. `secure` is how it goes live: all of it on one
 * https origin.
 */
export class World {
  /** Everything that browsers reach. */
  fronts = [];
  devices = [];

  /**
   * Opens a world. `settings` are those of the service; `users` can sign in with `PASSWORD`. With `upstream` people can sign in
   * through another server as well.
   */
  static async open({ secure = false, settings = {}, users = ['ada', 'ben'], upstream = false } = {}) {
    const world = new World();
    try {
      const origin = await (secure ? world.#openSecure() : world.#openPlain());
      if (upstream) world.upstream = await Upstream.start(origin);
      world.service = await Service.start(origin, world.#settings(settings), world.upstream?.files);
      await Promise.all(users.map((name) => world.service.addUser(name)));
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  async #openPlain() {
    this.front = await this.#front(() => this.service?.address);
    const api = await this.#front(() => this.api.handle);
    const pages = await this.#front(() => app(this.places));
    this.places = places(this.front.origin(), api.origin(), pages.origin());
    this.api = new Api(() => this.service.address, [this.places.app]);
    this.#takeSockets(api);
    return this.places.auth;
  }

  async #openSecure() {
    const { tls } = await certificate();
    const inside = (path) => {
      if (IS_OF_AUTH.test(path)) return this.service.address;
      return path.startsWith('/api/') ? this.api.handle : app(this.places);
    };
    this.front = await this.#front((host, path) => (host === HOST ? inside(path) : undefined), tls);
    const origin = this.front.origin(HOST);
    this.places = places(origin, origin, origin);
    this.api = new Api(() => this.service.address);
    this.#takeSockets(this.front);
    return origin;
  }

  /** The app's origin may ask the auth service, where it is another one. */
  #settings(settings) {
    const { auth, app } = this.places;
    return app === auth ? settings : { SERVER_ALLOWED_ORIGINS: app, ...settings };
  }

  #takeSockets(front) {
    this.sockets = new Sockets((request) => this.api.check(request), [this.places.app]);
    front.onHandshake(this.sockets.take);
  }

  async #front(route, tls) {
    const front = await Front.open(route, tls);
    this.fronts.push(front);
    return front;
  }

  /** Opens one more front: a place of somebody else. */
  async stranger(answer, { secure = false } = {}) {
    return this.#front(() => answer, secure ? (await certificate()).tls : undefined);
  }

  /** Returns a device: a browser profile with cookies of its own. `options` are those of a browser context. */
  async device(options = {}) {
    const context = await (await browser()).newContext(options);
    const device = new Device(this, context);
    this.devices.push(device);
    return device;
  }

  /** What browsers have asked the auth service, in order. */
  get requests() {
    return this.front.record;
  }

  /** What the auth service has logged. */
  get log() {
    return this.service.log + (this.upstream?.log ?? '');
  }

  /** Stops everything. */
  async close() {
    await Promise.all(this.devices.map((device) => device.close()));
    await Promise.all(this.fronts.map((front) => front.close()));
    await this.service?.stop();
    await this.upstream?.stop();
  }
}

/** Where everything is; WebSockets have a scheme of their own. */
function places(auth, api, app) {
  return { auth, api, app, sockets: api.replace(/^http/, 'ws') };
}
