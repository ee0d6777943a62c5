import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { browser } from './chromium.mjs';
import { Device } from './device.mjs';
import { signOutElsewhere } from './elsewhere.mjs';
import { handstamp } from './places.mjs';
import { Program } from './program.mjs';

/** `handstamp demo`: what people see first. */
export class Demo {
  #folder;
  #program;
  #told;
  devices = [];

  /** Starts the demo. `settings` are variables of its auth service. */
  static async open({ settings = {} } = {}) {
    const demo = new Demo();
    demo.#folder = await mkdtemp(join(tmpdir(), 'handstamp-demo-browser-'));
    const env = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`HANDSTAMP_${name}`, value]));
    demo.#program = new Program(handstamp(), ['demo', '--json', '--port-base', '0'], {
      cwd: demo.#folder,
      env: { ...env, TMPDIR: demo.#folder },
    });
    demo.#told = JSON.parse(await demo.#program.line());
    return demo;
  }

  /** Where everything is: `{ auth, app, orders, profiles }`. */
  get places() {
    const { auth, app, services } = this.#told;
    return { auth, app, ...services };
  }

  /** What the programs have logged. */
  get log() {
    return this.#program.log;
  }

  /** Nobody stands between the browser and the demo. */
  get requests() {
    return [];
  }

  /** Returns a device. `options` are those of a browser context. */
  async device(options = {}) {
    const device = new Device(this, await (await browser()).newContext(options));
    this.devices.push(device);
    return device;
  }

  /** Opens the page, signed in as somebody. */
  async visit(name, options) {
    const device = await this.device(options);
    const page = await device.page(`${this.places.app}/`);
    await this.signIn(page, name);
    return page;
  }

  /** Signs in by the form of the page. */
  async signIn(page, name) {
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: 'Sign out' }).first().waitFor();
  }

  /** Returns what somebody needs to type. */
  password(name) {
    return this.#told.people.find(({ username }) => username === name).password;
  }

  /** Signs somebody out everywhere: what they do on another device. */
  signOutElsewhere(name) {
    return signOutElsewhere(this.places.auth, name, this.password(name));
  }

  /** Stops it and forgets its data. */
  async close() {
    await Promise.all(this.devices.map((device) => device.close()));
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
