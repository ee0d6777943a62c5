import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Program } from './program.mjs';

let made;

/**
 * Returns a certificate for every `*.handstamp.test` and `*.elsewhere.test`, made now and used for this run alone:
 * `{ tls, pin }`. The pin lets one browser trust this one key; nothing else about TLS is switched off.
 */
export function certificate() {
  made ??= make();
  return made;
}

async function make() {
  const folder = await mkdtemp(join(tmpdir(), 'handstamp-certificate-'));
  try {
    const names = ['*.handstamp.test', 'handstamp.test', '*.elsewhere.test', 'elsewhere.test'];
    await Program.run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=handstamp.test', '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
      ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    ]);
    const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((file) => readFile(join(folder, file))));
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
    return { tls: { key, cert }, pin: createHash('sha256').update(spki).digest('base64') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
