import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { launch } from './chromium.mjs';
import { handstamp } from './places.mjs';
import { Program } from './program.mjs';

/**
 * What `handstamp cert dev` makes for these hosts, and a browser of somebody who followed its instructions: it trusts the
 * authority as people's browsers do, so that every name and every limit in the certificates is checked.
 */
export class Trust {
  #folder;
  #browser;

  static async of(hosts) {
    const trust = new Trust();
    trust.#folder = await mkdtemp(join(tmpdir(), 'handstamp-trust-'));
    try {
      await trust.#make(hosts);
    } catch (error) {
      await trust.forget();
      throw error;
    }
    return trust;
  }

  /** The files of a server. */
  get files() {
    return { certificate: join(this.#folder, 'made', 'server.pem'), key: join(this.#folder, 'made', 'server.key') };
  }

  get browser() {
    return this.#browser;
  }

  async #make(hosts) {
    const made = join(this.#folder, 'made');
    const given = hosts.flatMap((host) => ['--host', host]);
    await Program.run(handstamp(), ['cert', 'dev', ...given, '--out', made], { cwd: this.#folder });
    // Where Chromium on Linux looks for what its user trusts.
    const home = join(this.#folder, 'home');
    const database = join(home, '.pki', 'nssdb');
    await mkdir(database, { recursive: true });
    await Program.run('certutil', ['-N', '-d', `sql:${database}`, '--empty-password']);
    const authority = join(made, 'authority.pem');
    await Program.run('certutil', ['-A', '-d', `sql:${database}`, '-n', 'handstamp', '-t', 'C,,', '-i', authority]);
    this.#browser = await launch([], { HOME: home });
  }

  async forget() {
    await this.#browser?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
