import { mkdir } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { SCREENSHOTS } from './places.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What everybody can use: WCAG 2.2 A and AA, and what the makers of axe call good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What people sit in front of, by name: options of a browser context. */
export const SCREENS = Object.fromEntries(
  ['light', 'dark'].flatMap((colorScheme) => [
    [`desktop-${colorScheme}`, { colorScheme, viewport: { width: 1280, height: 800 } }],
    [`phone-${colorScheme}`, { colorScheme, ...phone() }],
  ]),
);

function phone() {
  return { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
}

/**
 * Takes a picture of a page for people to look at, and returns what is wrong with it: the problems that axe finds,
 * and whether it has to be scrolled sideways.
 */
export async function inspect(page, name) {
  await mkdir(SCREENSHOTS, { recursive: true });
  // What is still fading in is not what people read.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  // By the debugger, because the pages' own policy lets no script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate((values) => window.axe.run({ runOnly: { type: 'tag', values } }), RULES);
  const problems = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`);
  const isTooWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  return isTooWide ? [...problems, 'it has to be scrolled sideways'] : problems;
}
