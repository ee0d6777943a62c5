import { chromium as driver } from 'playwright-core';

import { certificate } from './certificate.mjs';
import { chromium } from './places.mjs';

let running;

/** Returns the one browser of this test file; tests get a profile of their own from it. */
export function browser() {
  running ??= certificate().then(({ pin }) => launch([`--ignore-certificate-errors-spki-list=${pin}`]));
  return running;
}

/** Starts a browser with these arguments and variables. */
export function launch(args, env = {}) {
  return driver.launch({
    executablePath: chromium(),
    // Every name is this machine: no test leaves it.
    args: ['--host-resolver-rules=MAP * 127.0.0.1', ...args],
    env: { ...process.env, ...env },
    // People's browsers keep pages for the Back button.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/** Returns the ids of the processes that run pages. */
export async function renderers() {
  const session = await (await browser()).newBrowserCDPSession();
  try {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  } finally {
    await session.detach();
  }
}

/** Ends the browser of this test file. */
export async function closeBrowser() {
  const browser = await running;
  running = undefined;
  await browser?.close();
}
