import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { closeBrowser } from './chromium.mjs';
import { SCREENSHOTS } from './places.mjs';
import { World } from './world.mjs';

/** How long one proof may take. */
const PATIENCE = 60_000;

after(closeBrowser);

/**
 * A test in a world of its own, or in a demo of its own. When it fails it shows what the service, the pages and the screen
 * had to say. The variable NAME leaves those whose name holds it.
 */
export function proof(name, settings, story, kind = World) {
  if (!name.includes(process.env.NAME ?? '')) return;
  test(name, async (t) => {
    const world = await kind.open(settings);
    try {
      await withinPatience(story(world, t));
    } catch (error) {
      await report(name, world).catch((problem) => console.error(`no report: ${problem}`));
      throw error;
    } finally {
      await world.close();
    }
  });
}

/** The runner's own limit would leave the world running, and say nothing about it. */
async function withinPatience(story) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${PATIENCE / 1000} s`)), PATIENCE);
  });
  await Promise.race([story, late]).finally(() => clearTimeout(timer));
}

async function report(name, world) {
  const say = (title, lines) => console.error(`── ${title}\n${lines.join('\n')}`);
  const requests = world.requests.map(({ method, path, status }) => `${method} ${path} ${status ?? 'cut'}`);
  say(`requests of "${name}"`, withoutRepeats(requests).slice(-40));
  say('service', world.log.split('\n').slice(-30));
  const folder = join(SCREENSHOTS, 'failed');
  await mkdir(folder, { recursive: true });
  for (const [d, device] of world.devices.entries()) {
    say(`console of device ${d}`, device.console.slice(-30));
    for (const [p, page] of device.context.pages().entries()) {
      const path = join(folder, `${name.replace(/\W+/g, '-')}-${d}-${p}.png`);
      // A frozen page cannot be asked.
      const shot = await page.screenshot({ path, timeout: 3_000 }).catch(() => undefined);
      if (shot) console.error(`── ${page.url()}\n${path}`);
    }
  }
}

/** Tests that wait ask the same thing again and again. */
function withoutRepeats(lines) {
  return lines.filter((line, i) => line !== lines[i - 1]);
}
