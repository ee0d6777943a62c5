import { join } from 'node:path';

import { ROOT } from './places.mjs';
import { Program } from './program.mjs';

const FOLDER = join(ROOT, 'e2e', 'upstreams');

/** Another server, through which people sign in: every name is somebody there, and every password is right. */
export class Upstream {
  #program;
  #told;

  /** Starts the server for an auth service that browsers know by this origin. */
  static async start(handstamp) {
    const upstream = new Upstream();
    upstream.#program = new Program(process.execPath, [join(FOLDER, 'provider.mjs'), JSON.stringify({ handstamp })]);
    upstream.#told = JSON.parse(await upstream.#program.line());
    return upstream;
  }

  get origin() {
    return this.#told.issuer;
  }

  /** What it has written to stderr. */
  get log() {
    return this.#program.log;
  }

  /** Files for the folder of the auth service, so that it knows this server. */
  get files() {
    const configuration = [
      '[upstreams.acme]',
      'label = "Acme"',
      `issuer = ${JSON.stringify(this.origin)}`,
      'client_id = "acme"',
      'client_secret_file = "client.secret"',
      'create = true',
    ];
    return { 'handstamp.toml': configuration.join('\n'), 'client.secret': this.#told.secret };
  }

  /** Fills in the form that a page shows. */
  static async signIn(page, name) {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill('anything');
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  async stop() {
    await this.#program.stop();
  }
}
