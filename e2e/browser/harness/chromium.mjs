import { chromium as driver } from 'playwright-core';

import { certificate } from './certificate.mjs';
import { chromium } from './places.mjs';

let running;

/** Returns the one browser of this test file; tests get a profile of their own from it. */
export function browser() {
  running ??= launch();
  return running;
}

async function launch() {
  const { pin } = await certificate();
  return driver.launch({
    executablePath: chromium(),
    args: [
      // Every name is this machine: no test leaves it.
      '--host-resolver-rules=MAP * 127.0.0.1',
      `--ignore-certificate-errors-spki-list=${pin}`,
    ],
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
