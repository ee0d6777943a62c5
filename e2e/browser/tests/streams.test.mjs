import assert from 'node:assert/strict';

import { proof } from '../harness/proof.mjs';
import { until } from '../harness/until.mjs';

proof('a stream is opened anew after a refresh, and only one is open', {}, async (world) => {
  const tab = await listening(world);

  await tab.page.evaluate(() => window.auth.refresh());

  await until('it was opened again', () => world.api.opened.length === 2);
  await until('the old one is closed', () => world.api.open === 1);
  await tab.hears(world, 'after the refresh');
});

proof('a tab that is opened leaves the streams of the others alone', {}, async (world) => {
  const tab = await listening(world);

  await tab.device.tabs(3);
  await tab.hears(world, 'after the others');

  assert.deepEqual(world.api.opened, ['ada']);
});

proof('a stream that the service ends is opened again', {}, async (world) => {
  const tab = await listening(world);

  world.api.endStreams();

  await until('it was opened again', () => world.api.opened.length === 2);
  await tab.hears(world, 'after the end');
});

proof('a stream is closed with the session, and open again when the same person is back', {}, async (world) => {
  const tab = await listening(world);
  await world.service.signOutElsewhere('ada');
  await tab.begin('next');
  await tab.becomes('expired');

  await until('it is closed', () => world.api.open === 0);
  assert.equal(world.api.opened.length, 1, 'nobody asks meanwhile');
  await tab.signInByDialog();

  await until('it is open again', () => world.api.open === 1);
  await tab.hears(world, 'after the sign-in');
  assert.deepEqual(world.api.opened, ['ada', 'ada']);
});

proof('a sign-out closes the streams of every tab', {}, async (world) => {
  const first = await listening(world);
  const second = await listening(world, first.device);
  await until('both are open', () => world.api.open === 2);
  const opened = world.api.opened.length;

  await first.page.evaluate(() => window.auth.signOut());

  await until('both are closed', () => world.api.open === 0);
  for (const tab of [first, second]) {
    assert.deepEqual(await tab.page.evaluate(() => window.ends), ['session_ended']);
  }
  assert.equal(world.api.opened.length, opened, 'and nobody opened one again');
});

proof('a stream of one person is not continued as another', {}, async (world) => {
  const tab = await listening(world);

  await tab.device.signIn('ben');
  await tab.page.waitForFunction(() => window.auth.user?.preferred_username === 'ben');

  await until('it is closed', () => world.api.open === 0);
  assert.deepEqual(await tab.page.evaluate(() => window.ends), ['user_changed']);
  assert.deepEqual(world.api.opened, ['ada']);
});

/** Opens a tab that listens. */
async function listening(world, given) {
  const device = given ?? (await world.device());
  if (!given) await device.signIn('ada');
  const tab = await device.tab();
  const before = world.api.opened.length;
  await tab.page.evaluate(() => {
    Object.assign(window, { heard: [], ends: [] });
    const onEvent = ({ data }) => window.heard.push(data);
    const onClose = (reason) => window.ends.push(reason);
    window.streams.openEvents(window.auth, `${window.places.api}/api/events`, { onEvent, onClose });
  });
  await until('it is open', () => world.api.opened.length > before);
  tab.hears = async (world, text) => {
    world.api.emit(text);
    await tab.page.waitForFunction((text) => window.heard.includes(text), text);
  };
  await tab.hears(world, 'first words');
  return tab;
}
