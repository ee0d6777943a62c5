import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { signOutElsewhere } from './elsewhere.mjs';
import { handstamp } from './places.mjs';
import { Program } from './program.mjs';

/** The password of everybody in these tests. */
export const PASSWORD = 'a window full of plants';

/** `handstamp serve` on data of its own. */
export class Service {
  #folder;
  #settings;
  #program;
  #log = '';

  /** Where it listens: not where browsers reach it. */
  address;

  /** Starts the service for a public URL. `settings` are variables: `{ TOKENS_LIFETIME: '3s' }`; `files` lie in its folder. */
  static async start(publicUrl, settings = {}, files = {}) {
    const service = new Service();
    service.#folder = await mkdtemp(join(tmpdir(), 'handstamp-browser-'));
    await Promise.all(
      Object.entries(files).map(([name, text]) => writeFile(join(service.#folder, name), text, { mode: 0o600 })),
    );
    service.#settings = variables({ SERVER_PUBLIC_URL: publicUrl, SERVER_SHUTDOWN_TIMEOUT: '1s', ...settings });
    try {
      await service.#serve('127.0.0.1:0');
    } catch (error) {
      await rm(service.#folder, { recursive: true, force: true });
      throw error;
    }
    return service;
  }

  async #serve(listen) {
    const program = new Program(handstamp(), ['serve', '--data', 'data', '--listen', listen], this.#options());
    this.#program = program;
    this.address = (await program.line()).replace(/^listening on /, '');
  }

  /** What the service has logged, restarts included. */
  get log() {
    return this.#log + this.#program.log;
  }

  /** Adds a user whose password is `PASSWORD`. */
  async addUser(name, roles = []) {
    const given = roles.flatMap((role) => ['--role', role]);
    const args = ['user', 'add', name, '--email', `${name}@example.org`, ...given, '--password-stdin'];
    await this.command(args, `${PASSWORD}\n`);
  }

  /** Runs a command on the service's data while it serves them. */
  command(args, stdin = '') {
    return Program.run(handstamp(), [...args, '--data', 'data'], { ...this.#options(), stdin });
  }

  /** Signs somebody out everywhere: what they do on another device. */
  signOutElsewhere(name) {
    return signOutElsewhere(this.address, name, PASSWORD);
  }

  /** Returns how many refreshes came to which outcome, by the service's own count. */
  async refreshes() {
    const text = await (await fetch(`${this.address}/metrics`)).text();
    const counts = {};
    for (const [, outcome, count] of text.matchAll(/refreshes_total\{outcome="(\w+)"\} (\d+)/g)) {
      counts[outcome] = Number(count);
    }
    return counts;
  }

  /** Returns the sessions that somebody has, by the service's own list. */
  async sessions(name) {
    return JSON.parse(await this.command(['user', 'sessions', name, '--json']));
  }

  /** Kills the service where it stands. */
  async kill() {
    await this.#program.kill();
    this.#log += this.#program.log;
  }

  /** Starts a killed service again, where it was. */
  async revive() {
    await this.#serve(new URL(this.address).host);
  }

  /** Stops the service and forgets its data. */
  async stop() {
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #options() {
    return { cwd: this.#folder, env: this.#settings };
  }
}

function variables(settings) {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`HANDSTAMP_${name}`, String(value)]));
}
