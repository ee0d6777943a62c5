import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { handstamp } from './places.mjs';
import { Program } from './program.mjs';

/** `handstamp gateway` with TLS, in front of an auth service and an app. */
export class Gateway {
  #folder;
  #program;

  /** Starts it at `port`, where browsers reach it as `origin`. */
  static async start({ origin, port, auth, issuer, app, certificate, key }) {
    const gateway = new Gateway();
    gateway.#folder = await mkdtemp(join(tmpdir(), 'handstamp-gateway-'));
    const config = [
      '[gateway]',
      `public_url = "${origin}"`,
      `auth = "${auth}"`,
      `issuer = "${issuer}"`,
      'shutdown_timeout = "1s"',
      '[gateway.tls]',
      `certificate_file = "${certificate}"`,
      `key_file = "${key}"`,
      '[[gateway.routes]]',
      'path = "/api/*"',
      `to = ["${app}"]`,
      'access = "signed_in"',
      '[[gateway.routes]]',
      'path = "/*"',
      `to = ["${app}"]`,
      'access = "public"',
    ];
    const file = join(gateway.#folder, 'gateway.toml');
    await writeFile(file, config.join('\n'));
    const args = ['gateway', '--config', file, '--listen', `127.0.0.1:${port}`, '--admin-listen', '127.0.0.1:0'];
    gateway.#program = new Program(handstamp(), args, { cwd: gateway.#folder });
    try {
      await gateway.#program.line();
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  /** What it has written to stderr. */
  get log() {
    return this.#program.log;
  }

  async stop() {
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Returns a port at which nobody listens: a public address has to be known before anybody listens at it. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
