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

for (const secure of [false, true]) {
  proof(`a socket is opened with the cookies, ${secure ? 'over TLS' : 'on a development machine'}`, { secure }, async (world) => {
    const tab = await connected(world);

    assert.equal(await tab.page.evaluate(() => window.socket.send('good morning')), true);

    await tab.hasHeard('ada said good morning');
    assert.deepEqual([world.sockets.opened, world.sockets.refused], [['ada'], []]);
  });
}

proof('a socket that is dropped is opened again, after a refresh where the token is out of date', {}, async (world) => {
  const tab = await connected(world);
  await world.service.command(['user', 'set-roles', 'ada', 'buyer']);
  await tab.device.refused();

  world.sockets.drop();

  await until('it is open again', () => world.sockets.opened.length === 2);
  assert.deepEqual(world.sockets.refused, [401], 'the first attempt came with the old token');
  assert.equal(world.front.requests('POST', '/auth/refresh').length, 1);
  assert.equal(world.sockets.open, 1);
});

proof('a socket that the service closes because of the token is opened with a new one', {}, async (world) => {
  const tab = await connected(world);
  await world.service.command(['user', 'set-roles', 'ada', 'buyer']);
  await tab.device.refused();

  world.sockets.close(4401);

  await until('it is open again', () => world.sockets.opened.length === 2);
  assert.deepEqual(world.sockets.refused, []);
  assert.equal(world.front.requests('POST', '/auth/refresh').length, 1);
});

proof('a socket is closed with the session, and open again when the same person is back', {}, async (world) => {
  const tab = await connected(world);
  await world.service.signOutElsewhere('ada');
  await tab.begin('next');
  await tab.becomes('expired');

  await until('it is closed', () => world.sockets.open === 0);
  assert.deepEqual([world.sockets.opened, world.sockets.refused], [['ada'], []], 'nobody asks meanwhile');
  await tab.signInByDialog();

  await until('it is open again', () => world.sockets.open === 1);
  assert.deepEqual(world.sockets.opened, ['ada', 'ada']);
  assert.deepEqual(await tab.page.evaluate(() => window.ends), []);
});

proof('a sign-out in another tab closes the socket for good', {}, async (world) => {
  const tab = await connected(world);
  const other = await tab.device.tab();

  await other.page.evaluate(() => window.auth.signOut());

  await until('it is closed', () => world.sockets.open === 0);
  assert.deepEqual(await tab.page.evaluate(() => window.ends), ['session_ended']);
  assert.deepEqual([world.sockets.opened, world.sockets.refused], [['ada'], []], 'and nobody asked again');
});

proof('a page from elsewhere opens no socket, whatever cookies go along', {}, async (world) => {
  const { device } = await connected(world);
  // Another port of the same host is the same site: the cookies do go along.
  const stranger = await world.stranger((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Hello'));
  const page = await device.page(`${stranger.origin()}/`);

  const outcome = await page.evaluate((url) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  }), `${world.places.sockets}/api/socket`);

  assert.equal(outcome, 'refused');
  assert.deepEqual(world.sockets.refused, [403]);
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

/** Opens a tab with a socket. */
async function connected(world) {
  const device = await world.device();
  await device.signIn('ada');
  const tab = await device.tab();
  await tab.page.evaluate(() => {
    Object.assign(window, { heard: [], ends: [] });
    const onMessage = ({ data }) => window.heard.push(data);
    const onClose = (reason) => window.ends.push(reason);
    window.socket = window.streams.openSocket(window.auth, `${window.places.sockets}/api/socket`, { onMessage, onClose });
  });
  tab.hasHeard = (text) => tab.page.waitForFunction((text) => window.heard.includes(text), text);
  await tab.hasHeard('hello ada');
  return tab;
}
