import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';

const MINUTE = 60_000;

test('the token is renewed a minute before it expires', async () => {
  const browser = new Browser().signedIn('ada');
  const { events } = await browser.opened();

  await browser.advance(8 * MINUTE + 50_000);
  assert.equal(browser.service.count('/auth/refresh'), 0);
  await browser.advance(15_000);

  assert.equal(browser.service.count('/auth/refresh'), 1);
  assert.deepEqual(events, ['signedin', 'expiring', 'refreshed']);
});

test('how long before is the app\'s choice, up to half the token\'s life', async () => {
  const browser = new Browser().signedIn('ada');
  browser.service.lifetime = 60;
  const { auth } = await browser.opened({ options: { refreshLead: 300 } });
  await Promise.all([auth.refresh(), browser.advance(50)]);
  const before = browser.service.count('/auth/refresh');

  await browser.advance(29_000);
  assert.equal(browser.service.count('/auth/refresh'), before);
  await browser.advance(2_000);

  assert.equal(browser.service.count('/auth/refresh'), before + 1);
});

test('a clock that is wrong by an hour changes nothing', async () => {
  for (const error of [-60 * MINUTE, 60 * MINUTE]) {
    const browser = new Browser().signedIn('ada');
    browser.clock.wall += error;
    await browser.opened();

    await browser.advance(8 * MINUTE);
    assert.equal(browser.service.count('/auth/refresh'), 0);
    await browser.advance(2 * MINUTE);

    assert.equal(browser.service.count('/auth/refresh'), 1);
  }
});

test('a clock that is set back delays no refresh', async () => {
  const browser = new Browser().signedIn('ada');
  await browser.opened();
  await browser.advance(MINUTE);

  browser.clock.wall -= 60 * MINUTE;
  await browser.advance(9 * MINUTE);

  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('a sleep of the machine is noticed within half a minute, although timers stood still', async () => {
  const browser = new Browser().signedIn('ada');
  await browser.opened();
  await browser.advance(MINUTE);

  browser.clock.sleep(9 * MINUTE);
  await browser.advance(30_000);

  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('after a sleep, a page that is looked at refreshes at once', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(60 * MINUTE);

  tab.env.dispatchEvent(new Event('focus'));
  await browser.advance(50);

  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('a hidden page keeps no session alive, and catches up when it is shown', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  tab.hide();

  await browser.advance(60 * MINUTE);
  assert.equal(browser.service.count('/auth/refresh'), 0);
  tab.show();
  await browser.advance(50);

  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('a refresh on demand answers who is signed in', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();

  const [user] = await Promise.all([auth.refresh(), browser.advance(50)]);

  assert.equal(user.sub, 'u-ada');
});

test('a refresh on demand says when the session is over', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();
  browser.service.endSessions('ada');

  const [outcome] = await Promise.allSettled([auth.refresh(), browser.advance(200)]);

  assert.equal(outcome.reason.code, 'session_ended');
  assert.equal(auth.state, 'expired');
});

test('an answer that comes too late is ignored', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth, events } = await browser.opened({ options: { timeout: 2_000 } });
  browser.latency = () => [5, 10_000];

  const [outcome] = await Promise.allSettled([auth.refresh(), browser.advance(2_100)]);

  assert.equal(outcome.reason.code, 'unavailable');
  assert.equal(outcome.reason.cause.code, 'timeout');
  assert.deepEqual(events, ['signedin', 'unavailable']);
});
