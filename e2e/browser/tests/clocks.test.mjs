import assert from 'node:assert/strict';

import { proof } from '../harness/proof.mjs';
import { pause } from '../harness/until.mjs';

const HOUR = 3_600_000;

/** A token's life, in seconds, and when the page refreshes before its end. */
const SHORT = { TOKENS_LIFETIME: '4s', TOKENS_LEEWAY: '0s' };
const LEAD = { refreshLead: 1 };

/** How often a page refreshes: a second before the end of each token. */
const PERIOD = 3_000;

for (const [name, shift] of [['ahead', HOUR], ['behind', -HOUR]]) {
  proof(`a clock that is an hour ${name} makes no difference`, { settings: SHORT }, async (world) => {
    const tab = await tabWithClock(world, shift);

    const { refreshes, periods } = await workFor(world, tab, 7);

    assert.ok(refreshes >= 2 && refreshes <= periods + 2, `about one for each token: ${refreshes} in ${periods} periods`);
    assert.deepEqual(await tab.state(), 'in');
  });

  proof(`a clock that is put ${name} by an hour meanwhile signs nobody out`, { settings: SHORT }, async (world) => {
    const tab = await tabWithClock(world, 0);
    assert.equal((await tab.call()).status, 200);

    await tab.page.evaluate((shift) => window.shiftClock(shift), shift);

    const { refreshes, periods } = await workFor(world, tab, 6);
    assert.ok(refreshes >= 1 && refreshes <= periods + 3, `${refreshes} in ${periods} periods`);
    assert.deepEqual(await tab.state(), 'in');
  });
}

proof('a page that slept longer than its token lives goes on where it was', { settings: SHORT }, async (world) => {
  const tab = await tabWithClock(world, 0);
  const asked = world.front.requests('POST', '/auth/refresh').length;
  await tab.freeze();
  await tab.device.refused();

  tab.thaw();
  const replies = await tab.calls(4);

  assert.deepEqual(replies.map(({ status }) => status), [200, 200, 200, 200]);
  assert.equal(world.front.requests('POST', '/auth/refresh').length - asked, 1);
});

proof('a page that slept until its session was over asks for a sign-in, and loses nothing', { settings: SHORT }, async (world) => {
  const tab = await tabWithClock(world, 0);
  await tab.page.getByLabel('Title').fill('half a title');
  await tab.freeze();
  await world.service.signOutElsewhere('ada');
  tab.thaw();

  await tab.begin('waiting');
  await tab.becomes('expired');
  await tab.signInByDialog();

  assert.deepEqual(await tab.outcome('waiting'), { status: 200 });
  assert.equal(await tab.page.getByLabel('Title').inputValue(), 'half a title');
});

/** Makes a call every second, and tells how often the page has refreshed, and how often it should have: machines may be slow. */
async function workFor(world, tab, seconds) {
  const refreshes = () => world.front.requests('POST', '/auth/refresh').length;
  const [start, before] = [Date.now(), refreshes()];
  for (let second = 0; second < seconds; second += 1) {
    assert.deepEqual(await tab.call(), { status: 200, body: { user: 'ada' } });
    await pause(1_000);
  }
  return { refreshes: refreshes() - before, periods: Math.floor((Date.now() - start) / PERIOD) };
}

/** The page's own clocks are wrong; the machine's, by which the browser keeps cookies, is not. */
async function tabWithClock(world, shift) {
  const device = await world.device();
  await device.context.addInitScript((given) => {
    let shift = given;
    const RealDate = Date;
    const now = () => RealDate.now() + shift;
    globalThis.Date = class extends RealDate {
      constructor(...args) {
        super(...(args.length === 0 ? [now()] : args));
      }

      static now() {
        return now();
      }
    };
    globalThis.shiftClock = (milliseconds) => (shift = milliseconds);
  }, shift);
  await device.signIn('ada');
  return device.tab(LEAD);
}
