import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';

test('signing out ends the session and forgets the user', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth, events } = await browser.opened();

  await Promise.all([auth.signOut(), browser.advance(50)]);

  assert.equal(auth.state, 'out');
  assert.equal(auth.user, null);
  assert.deepEqual(events, ['signedin', 'signedout']);
  assert.equal(browser.cookies.at, '');
});

test('signing out reaches every tab in less than a tenth of a second', async () => {
  const browser = new Browser().signedIn('ada');
  const tabs = [];
  for (let n = 0; n < 10; n++) tabs.push(await browser.opened());

  tabs[3].auth.signOut();
  await browser.advance(99);

  for (const { auth, events } of tabs) {
    assert.equal(auth.state, 'out');
    assert.equal(events.at(-1), 'signedout');
  }
});

test('the channel tells the other tabs where the cookie cannot be read', async () => {
  const browser = new Browser().signedIn('ada');
  browser.hintReadable = false;
  const [one, other] = [await browser.opened(), await browser.opened()];

  one.auth.signOut();
  await browser.advance(99);

  assert.equal(other.auth.state, 'out');
});

test('a sign-out counts although the cookies have moved on', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const data = ['out', 'auth_hint=1.0.out', browser.clock.wall];

  for (const channel of browser.channels) channel.dispatchEvent(new MessageEvent('message', { data }));

  assert.equal(tab.auth.state, 'out');
  await browser.advance(200);
  assert.equal(tab.auth.state, 'in', 'and somebody who has signed in since, on a page that tells nobody, is found');
});

test('a hint planted by a neighbouring host while somebody is signed in signs nobody out', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  browser.plantedHint = '1.0.out';
  await Promise.all([tab.called('/a'), browser.advance(500)]);

  assert.equal(tab.auth.state, 'in');
  assert.ok(!tab.events.includes('signedout'));
});

test('without a channel the readable cookie tells the other tabs', async () => {
  const browser = new Browser().signedIn('ada');
  const [one, other] = [await browser.opened({ without: ['BroadcastChannel'] }), await browser.opened({ without: ['BroadcastChannel'] })];

  one.auth.signOut();
  await browser.advance(99);

  assert.equal(other.auth.state, 'out');
  assert.equal(other.events.at(-1), 'signedout');
});

test('without channel and cookie events a tab notices when it is looked at', async () => {
  const browser = new Browser().signedIn('ada');
  const without = ['BroadcastChannel', 'cookieStore'];
  const [one, other] = [await browser.opened({ without }), await browser.opened({ without })];
  other.hide();

  one.auth.signOut();
  await browser.advance(99);
  assert.equal(other.auth.state, 'in');
  other.show();
  await browser.advance(0);

  assert.equal(other.auth.state, 'out');
});

test('a sign-out on a page of the auth service counts like any other', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth, events } = await browser.opened();

  await browser.change({ at: '', rt: '', hint: '1.99.out' });
  await browser.advance(99);

  assert.equal(auth.state, 'out');
  assert.equal(events.at(-1), 'signedout');
});

test('a sign-out that did not arrive is an error, and the user still signed in', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();
  browser.service.down = true;

  const [outcome] = await Promise.allSettled([auth.signOut(), browser.advance(50)]);

  assert.equal(outcome.reason.code, 'unavailable');
  assert.equal(auth.state, 'in');
});

test('a session that was over already is signed out of all the same', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();
  Object.assign(browser.cookies, { at: '', rt: '' });

  await Promise.all([auth.signOut(), browser.advance(50)]);

  assert.equal(auth.state, 'out');
});

test('signing out everywhere ends the other devices', async () => {
  const browser = new Browser().signedIn('ada');
  const elsewhere = browser.service.signedIn('ada');
  const { auth } = await browser.opened();

  await Promise.all([auth.signOut({ everywhere: true }), browser.advance(50)]);

  assert.equal(browser.service.userOf(elsewhere), undefined);
});

test('signing out everywhere with an expired token refreshes first', async () => {
  const browser = new Browser().signedIn('ada');
  const elsewhere = browser.service.signedIn('ada');
  const { auth } = await browser.opened();
  browser.clock.sleep(3_600_000);

  await Promise.all([auth.signOut({ everywhere: true }), browser.advance(50)]);

  assert.deepEqual(browser.service.log.map(({ path }) => path).slice(-3), ['/auth/sign-out', '/auth/refresh', '/auth/sign-out']);
  assert.equal(browser.service.userOf(elsewhere), undefined);
  assert.equal(auth.state, 'out');
});

test('a refresh that was overtaken by a sign-out does not sign in again', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();
  browser.clock.sleep(3_600_000);
  browser.latency = (request) => (request.url.endsWith('/refresh') ? [5, 500] : [5, 5]);

  const outcome = Promise.allSettled([auth.refresh()]);
  await browser.advance(50);
  await Promise.all([auth.signOut(), browser.advance(50)]);
  await browser.advance(2_000);

  assert.equal((await outcome)[0].reason.code, 'session_ended');
  assert.equal(auth.state, 'out');
});

test('waiting calls are rejected by a sign-out', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.service.endSessions('ada');
  const outcome = tab.call();
  await browser.advance(50);
  assert.equal(tab.auth.state, 'expired');

  await Promise.all([tab.auth.signOut(), browser.advance(50)]);

  assert.equal(outcome.error.code, 'session_ended');
});
