import assert from 'node:assert/strict';

import { proof } from '../harness/proof.mjs';
import { until } from '../harness/until.mjs';

/** Long enough to open ten tabs on a slow machine, short enough to wait for. */
const SHORT = { TOKENS_LIFETIME: '8s', TOKENS_LEEWAY: '0s' };

/** Tokens that do not run out in a test. */
const LONG = { TOKENS_LIFETIME: '10m', TOKENS_LEEWAY: '0s' };

/** Leaves refreshing to calls: nothing happens ahead of time. */
const LATE = { refreshLead: 0 };

proof('forty calls of ten tabs at expiry take one refresh, and none fails', { settings: LONG }, async (world) => {
  const { device, tabs } = await tabsOf(world, 10);
  const before = await world.service.refreshes();
  await grow(world, device);
  // Long enough that all of them are refused before the first has an answer.
  world.front.fault((request) => (isRefresh(request) ? { delay: 500 } : undefined));

  const replies = await together(tabs);

  assert.deepEqual(replies, Array(40).fill({ status: 200, body: { user: 'ada' } }));
  assert.equal(refreshes(world), 1);
  assert.equal(total(await world.service.refreshes()) - total(before), 1, 'by the count of the service');
});

proof('ten tabs whose token runs out refresh once, without a call', { settings: SHORT }, async (world) => {
  const { tabs } = await tabsOf(world, 10, { refreshLead: 2 });
  // Not just before a refresh, which some of them would have behind them and others not.
  await Promise.all(tabs.map((tab) => tab.page.waitForFunction(() => window.auth.expiresAt - Date.now() > 4_000)));
  const asked = refreshes(world);
  const expiries = await Promise.all(tabs.map((tab) => tab.page.evaluate(() => window.auth.expiresAt)));

  await Promise.all(tabs.map((tab, i) => tab.page.waitForFunction((at) => window.auth.expiresAt > at, expiries[i])));

  assert.equal(refreshes(world) - asked, 1);
  assert.deepEqual(await Promise.all(tabs.map((tab) => tab.state())), Array(10).fill('in'));
});

proof('calls after expiry refresh first, once for all of them', { settings: SHORT }, async (world) => {
  const { tabs } = await tabsOf(world, 3, LATE);
  const asked = refreshes(world);
  for (const tab of tabs) await tab.freeze();
  await tabs[0].device.refused();
  tabs.forEach((tab) => tab.thaw());

  const replies = await together(tabs);

  assert.deepEqual(replies.map(({ status }) => status), Array(12).fill(200));
  assert.equal(refreshes(world) - asked, 1);
});

proof('a tab that froze while it refreshed holds up nobody', { settings: LONG }, async (world) => {
  const { device, tabs } = await tabsOf(world, 3, { timeout: 1_500 });
  await grow(world, device);
  const [frozen, ...others] = tabs;
  const heal = world.front.fault((request) => (isRefresh(request) ? 'hang' : undefined));
  await frozen.begin('stuck');
  await until('a refresh is on its way', () => refreshes(world) > 0);
  await frozen.freeze();
  heal();

  const start = Date.now();
  const replies = await together(others);

  assert.deepEqual(replies.map(({ status }) => status), Array(8).fill(200));
  assert.ok(Date.now() - start < 9_000, 'they waited for the time-out of this page, not for the ten seconds that are the default');
  frozen.thaw();
  // Whether its own time limit or the others' news is first when it wakes is chance; nobody is signed out either way.
  const woken = await frozen.outcome('stuck');
  assert.ok(woken.status === 200 || woken.error === 'unavailable', JSON.stringify(woken));
  assert.equal((await frozen.call()).status, 200, 'and the frozen one goes on when it wakes');
});

proof('a lock that is never given back holds up nobody', { settings: LONG }, async (world) => {
  const { device, tabs } = await tabsOf(world, 2, { timeout: 1_500 });
  const page = await device.page(`${world.places.app}/places.json`);
  await page.evaluate((name) => {
    navigator.locks.request(name, () => new Promise(() => {}));
  }, `handstamp:${world.places.auth}`);
  await grow(world, device);

  const replies = await together(tabs);

  assert.deepEqual(replies.map(({ status }) => status), Array(8).fill(200));
});

proof('a lost answer to a refresh signs nobody out', { settings: LONG }, async (world) => {
  const { device, tabs } = await tabsOf(world, 2);
  await grow(world, device);
  let isFirst = true;
  world.front.fault((request) => {
    if (!isRefresh(request) || !isFirst) return undefined;
    isFirst = false;
    return 'lose';
  });

  const first = await tabs[0].call();
  await until('calls go through again', async () => (await tabs[0].call()).status === 200);

  assert.ok(first.status === 200 || first.error === 'unavailable', JSON.stringify(first));
  assert.equal(isFirst, false);
  assert.deepEqual(await Promise.all(tabs.map((tab) => tab.state())), ['in', 'in']);
});

async function tabsOf(world, count, options = {}) {
  const device = await world.device();
  await device.signIn('ada');
  return { device, tabs: await device.tabs(count, options) };
}

/** Makes the token stale: the service refuses it from now on, until it is refreshed. */
async function grow(world, device) {
  await world.service.command(['user', 'set-roles', 'ada', 'buyer']);
  await device.refused();
}

/** Lets each of the tabs make four calls, all of them at the same moment. */
async function together(tabs) {
  const soon = Date.now() + 500;
  return (await Promise.all(tabs.map((tab) => tab.calls(4, soon)))).flat();
}

/** How often the browser has asked for a refresh. */
function refreshes(world) {
  return world.front.requests('POST', '/auth/refresh').length;
}

function isRefresh({ method, path }) {
  return method === 'POST' && path === '/auth/refresh';
}

function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
