import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';

const MINUTE = 60_000;

/** A tab whose token has expired while the auth service is away. */
async function outage() {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(60 * MINUTE);
  browser.service.down = true;
  return { browser, tab };
}

test('an auth service that is away signs nobody out', async () => {
  const { browser, tab } = await outage();

  const outcome = await tab.called();

  assert.equal(outcome.error.code, 'unavailable');
  assert.equal(outcome.error.cause.status, 503);
  assert.equal(tab.auth.state, 'in');
  assert.equal(tab.events.includes('expired'), false);
  assert.ok(browser.cookies.rt);
});

test('a network that is away signs nobody out either', async () => {
  const { browser, tab } = await outage();
  browser.fault = (request) => (request.url.includes('/auth/') ? 'lost' : undefined);

  const outcome = await tab.called();

  assert.equal(outcome.error.code, 'unavailable');
  assert.equal(outcome.error.cause.code, 'network');
  assert.equal(tab.auth.state, 'in');
});

test('when the auth service is back, everything goes on by itself', async () => {
  const { browser, tab } = await outage();
  await tab.called();

  browser.service.down = false;
  await browser.advance(10_000);

  assert.equal(tab.events.at(-1), 'refreshed');
  assert.equal((await tab.called()).status, 200);
});

test('it is asked again after ever longer pauses, up to a minute', async () => {
  const { browser, tab } = await outage();
  tab.call();

  await browser.advance(20 * MINUTE);

  const asked = browser.service.log.filter(({ path }) => path === '/auth/refresh').map(({ at }) => at);
  const pauses = asked.slice(1).map((at, n) => at - asked[n]);
  assert.ok(pauses[0] >= 2_000, 'Retry-After of the service');
  assert.ok(pauses.slice(6).every((pause) => pause >= 29_000 && pause <= 61_000), String(pauses));
  assert.ok(asked.length < 40, String(asked.length));
});

test('pauses differ from page to page', async () => {
  const waits = [];
  for (const seed of [1, 2, 3]) {
    const browser = new Browser({ seed }).signedIn('ada');
    const tab = await browser.opened();
    browser.fault = () => 'lost';
    tab.auth.on('unavailable', ({ error }) => waits.push(error.retryAfter));
    await Promise.all([tab.auth.refresh().catch(() => {}), browser.advance(100)]);
  }

  assert.equal(new Set(waits).size, 3);
});

test('calls do not ask again during a pause', async () => {
  const { browser, tab } = await outage();
  await tab.called();
  const before = browser.service.count('/auth/refresh');
  browser.service.down = 'still';

  const outcomes = [tab.call(), tab.call(), tab.call()];
  await browser.advance(20);

  assert.deepEqual(outcomes.map(({ error }) => error.code), ['unavailable', 'unavailable', 'unavailable']);
  assert.equal(browser.service.count('/auth/refresh'), before);
});

test('when the network is back, nobody waits for the pause to end', async () => {
  const { browser, tab } = await outage();
  tab.call();
  await browser.advance(10 * MINUTE);
  browser.service.down = false;

  tab.env.dispatchEvent(new Event('online'));
  await browser.advance(50);

  assert.equal(tab.events.at(-1), 'refreshed');
});

test('a token that still holds is used while the auth service is away', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.service.down = true;
  await browser.advance(9 * MINUTE + 10_000);
  assert.equal(tab.events.at(-1), 'unavailable');

  const outcome = tab.call();
  await browser.advance(50);

  assert.equal(outcome.status, 200);
});

test('a lost answer to a refresh loses no session', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(60 * MINUTE);
  let once = true;
  browser.fault = (request) => {
    if (!request.url.endsWith('/refresh') || !once) return undefined;
    once = false;
    return 'unanswered';
  };

  const outcome = await tab.called();
  assert.equal(outcome.error.code, 'unavailable');
  await browser.advance(5_000);

  assert.equal((await tab.called()).status, 200);
  assert.equal(browser.service.theft, false);
});

test('an answer that is no answer of ours ends no session', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const send = tab.env.fetch;
  tab.env.fetch = async () => new Response('<h1>Welcome to the hotel</h1>', { status: 200 });

  const [outcome] = await Promise.allSettled([tab.auth.refresh(), browser.advance(50)]);

  assert.equal(outcome.reason.code, 'unavailable');
  assert.equal(tab.auth.state, 'in');
  tab.env.fetch = send;
  await browser.advance(5_000);
  assert.equal(tab.events.at(-1), 'refreshed');
});
