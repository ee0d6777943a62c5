import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';

test('a page learns who is signed in with one request', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth, events } = browser.open();
  assert.equal(auth.state, 'unknown');

  await browser.advance(50);

  assert.equal(await auth.ready, 'in');
  assert.equal(auth.user.preferred_username, 'ada');
  assert.deepEqual(events, ['signedin']);
  assert.deepEqual(browser.service.log.map(({ path }) => path), ['/auth/session']);
});

test('nobody signed in is an answer, not an error', async () => {
  const { auth, events } = await new Browser().opened();

  assert.equal(await auth.ready, 'out');
  assert.equal(auth.user, null);
  assert.deepEqual(events, []);
});

test('ready resolves although the auth service is away, and the state follows when it is back', async () => {
  const browser = new Browser().signedIn('ada');
  browser.service.down = true;
  const { auth, events } = await browser.opened();
  assert.equal(await auth.ready, 'unknown');
  assert.deepEqual(events, ['unavailable']);

  browser.service.down = false;
  await browser.advance(3_000);

  assert.equal(auth.state, 'in');
});

test('an expired token is refreshed on the way, with the same one request', async () => {
  const browser = new Browser().signedIn('ada');
  browser.clock.sleep(3_600_000);

  const { auth } = await browser.opened();

  assert.equal(auth.state, 'in');
  assert.equal(browser.service.log.length, 1);
});

test('a snapshot stays the same object until something changes', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();
  const before = auth.snapshot();
  assert.equal(auth.snapshot(), before);
  assert.ok(Object.isFrozen(before));

  await Promise.all([auth.signOut(), browser.advance(50)]);

  assert.notEqual(auth.snapshot(), before);
  assert.deepEqual(auth.snapshot(), { state: 'out', user: null, expiresAt: null });
});

test('the expiry is told by this device\'s clock, right or wrong', async () => {
  const browser = new Browser().signedIn('ada');
  browser.clock.wall += 3_600_000;
  const { auth } = await browser.opened();

  const left = auth.expiresAt - browser.clock.wall;

  assert.ok(left > 598_000 && left <= 600_000, String(left));
});

test('roles are those of the user, and nobody has none', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();
  assert.equal(auth.hasRole('buyer'), false);

  await Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);

  assert.equal(auth.hasRole('buyer'), true);
  assert.equal(auth.hasRole('admin'), false);
});

test('a subscriber hears of changes until it leaves', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();
  let changes = 0;
  const leave = auth.subscribe(() => changes++);
  await Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);
  const heard = changes;
  assert.ok(heard > 0);

  leave();
  await Promise.all([auth.signOut(), browser.advance(50)]);

  assert.equal(changes, heard);
});

test('a closed client asks nothing more', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();

  auth.close();
  await browser.advance(3_600_000);

  assert.equal(browser.service.log.length, 1);
});
