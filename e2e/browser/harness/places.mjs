import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Screenshots go here; nothing of it is in git. */
export const SCREENSHOTS = join(ROOT, 'target', 'screenshots');

/** The program under test: as `cargo build` makes it, or the one that the variable names. */
export function handstamp() {
  const binary = process.env.PROGRAM_UNDER_TEST ?? join(ROOT, 'target', 'debug', 'handstamp');
  if (!existsSync(binary)) throw new Error(`${binary} is not there: run \`cargo build -p handstamp\` first`);
  return binary;
}

/** The browser: Debian's, or the one that the variable names. */
export function chromium() {
  const given = process.env.CHROMIUM;
  const found = [given, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path && existsSync(path),
  );
  if (!found) throw new Error('there is no Chromium: `cargo xtask install` installs it, or name one with CHROMIUM=…');
  return found;
}
