import assert from 'node:assert/strict';

import { proof } from '../harness/proof.mjs';
import { until } from '../harness/until.mjs';

proof('the service goes down and comes back, and nobody is signed out', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const tabs = await device.tabs(3);
  await world.service.kill();

  const failed = await tabs[0].page.evaluate(() => window.auth.refresh().catch((error) => error.code));

  assert.equal(failed, 'unavailable');
  assert.ok((await tabs[0].events()).includes('unavailable'));
  assert.deepEqual(await Promise.all(tabs.map((tab) => tab.state())), ['in', 'in', 'in']);
  await world.service.revive();
  await until('the tab has refreshed by itself', async () => (await tabs[0].events()).includes('refreshed'));
  assert.deepEqual(await tabs[0].call(), { status: 200, body: { user: 'ada' } });
  assert.deepEqual(await tabs[2].call(), { status: 200, body: { user: 'ada' } });
});

proof('a page that starts while the service is down finds out later who is there', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const heal = world.front.fault(isSession('cut'));

  const tab = await device.tab();

  assert.equal(await tab.state(), 'unknown', 'not knowing is not the same as "out"');
  heal();
  await tab.becomes('in');
  assert.equal(await tab.user(), 'ada');
});

proof('a service that asks for time gets it', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const asked = [];
  const heal = world.front.fault((request) => {
    if (!isSession(true)(request)) return undefined;
    asked.push(Date.now());
    return { status: 503, headers: { 'retry-after': '3', ...readableBy(world) } };
  });

  const tab = await device.tab();
  await until('it is asked again', () => asked.length > 1);
  heal();

  assert.ok(asked[1] - asked[0] >= 2_900, `asked again after ${asked[1] - asked[0]} ms`);
  await tab.becomes('in');
});

proof('a service that never answers does not hold up the page for ever', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const heal = world.front.fault(isSession('hang'));

  const start = Date.now();
  const tab = await device.tab({ timeout: 1_000 });

  assert.ok(Date.now() - start < 9_000, 'it was not the ten seconds that are the default');
  assert.equal(await tab.state(), 'unknown');
  heal();
  await tab.becomes('in');
});

proof('a slow service is waited for', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  world.front.fault(isSession({ delay: 2_000 }));

  const tab = await device.tab();

  assert.equal(await tab.state(), 'in');
  assert.equal(world.front.requests('POST', '/auth/session').length, 1, 'and asked once');
});

proof('a device that goes offline is signed in when it comes back', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const tab = await device.tab();
  await device.context.setOffline(true);

  const failed = await tab.page.evaluate(() => window.auth.refresh().catch((error) => error.code));

  assert.equal(failed, 'unavailable');
  assert.equal(await tab.state(), 'in');
  await device.context.setOffline(false);
  await until('the tab has refreshed by itself', async () => (await tab.events()).includes('refreshed'));
  assert.deepEqual(await tab.call(), { status: 200, body: { user: 'ada' } });
});

function isSession(fault) {
  return ({ method, path }) => (method === 'POST' && path === '/auth/session' ? fault : undefined);
}

/** A refusal of a machine in between, which the app's page may read. */
function readableBy(world) {
  return {
    'access-control-allow-origin': world.places.app,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'retry-after',
  };
}
