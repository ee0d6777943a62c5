import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';

const MINUTE = 60_000;
const LOCK = 'handstamp:https://auth.example';

async function tabs(browser, count, how) {
  const opened = [];
  for (let n = 0; n < count; n++) opened.push(await browser.opened(how));
  return opened;
}

test('ten tabs with four calls each at expiry: one refresh and no failure', async () => {
  const browser = new Browser().signedIn('ada');
  const ten = await tabs(browser, 10);
  browser.clock.sleep(60 * MINUTE);

  const outcomes = ten.flatMap((tab) => [tab.call('/a'), tab.call('/b'), tab.call('/c'), tab.call('/d')]);
  await browser.advance(10_000);

  assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set([200]));
  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('ten tabs renew ahead of time with one refresh', async () => {
  const browser = new Browser().signedIn('ada');
  const ten = await tabs(browser, 10);

  await browser.advance(9 * MINUTE);

  assert.equal(browser.service.count('/auth/refresh'), 1);
  assert.ok(ten.every((tab) => tab.events.at(-1) === 'refreshed'));
});

test('a tab that is opened is no news to the others', async () => {
  const browser = new Browser().signedIn('ada');
  const first = await browser.opened();
  const before = first.auth.snapshot();

  await browser.opened();
  await browser.advance(500);

  assert.deepEqual(first.events, ['signedin']);
  assert.equal(first.auth.snapshot(), before);
});

test('without a channel the readable cookie shows that another tab was first', async () => {
  const browser = new Browser().signedIn('ada');
  const without = ['BroadcastChannel', 'cookieStore'];
  await tabs(browser, 3, { without });

  await browser.advance(9 * MINUTE);

  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('without locks, channel and cookie events every call still succeeds, and nobody looks like a thief', async () => {
  const browser = new Browser().signedIn('ada');
  const five = await tabs(browser, 5, { without: ['locks', 'BroadcastChannel', 'cookieStore'] });
  browser.clock.sleep(60 * MINUTE);

  const outcomes = five.map((tab) => tab.call());
  await browser.advance(10_000);

  assert.deepEqual(outcomes.map(({ status }) => status), [200, 200, 200, 200, 200]);
  assert.equal(browser.service.theft, false);
});

test('where the cookie cannot be read, calls succeed all the same', async () => {
  const browser = new Browser().signedIn('ada');
  browser.hintReadable = false;
  const three = await tabs(browser, 3);
  browser.clock.sleep(60 * MINUTE);

  const outcomes = three.map((tab) => tab.call());
  await browser.advance(10_000);

  assert.deepEqual(outcomes.map(({ status }) => status), [200, 200, 200]);
});

test('a frozen holder of the lock holds nobody up for longer than the time-out', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(60 * MINUTE);
  browser.locks.freeze(LOCK);

  const outcome = tab.call();
  await browser.advance(9_900);
  assert.equal(outcome.settled, false);
  await browser.advance(200);

  assert.equal(outcome.status, 200);
});

test('a stolen lock takes nothing away from the request that is under way', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(60 * MINUTE);
  browser.latency = () => [5, 200];
  const outcome = tab.call();
  await browser.advance(250);

  browser.locks.steal(LOCK);
  await browser.advance(1_000);

  assert.equal(outcome.status, 200);
  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('no listener runs while the lock is held', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const held = [];
  for (const type of ['change', 'refreshed', 'expired', 'unavailable', 'expiring']) {
    tab.auth.on(type, () => held.push(browser.locks.isHeld(LOCK)));
  }

  await Promise.all([tab.auth.refresh(), browser.advance(500)]);
  browser.service.down = true;
  await Promise.all([tab.auth.refresh().catch(() => {}), browser.advance(500)]);
  browser.service.down = false;
  browser.service.endSessions('ada');
  await Promise.all([tab.auth.refresh().catch(() => {}), browser.advance(500)]);

  assert.ok(held.length >= 4);
  assert.ok(held.every((isHeld) => !isHeld), String(held));
});

test('a listener that throws breaks nothing', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const thrown = [];
  const catchers = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => thrown.push(error.message));
  tab.auth.on('refreshed', () => { throw new Error('a fault of the app'); });

  const [user] = await Promise.all([tab.auth.refresh(), browser.advance(500)]);
  process.removeAllListeners('uncaughtException');
  for (const catcher of catchers) process.on('uncaughtException', catcher);

  assert.equal(user.sub, 'u-ada');
  assert.deepEqual(thrown, ['a fault of the app']);
});

test('the end of the session is told to every tab', async () => {
  const browser = new Browser().signedIn('ada');
  const five = await tabs(browser, 5);
  browser.service.endSessions('ada');

  five[0].call();
  await browser.advance(500);

  assert.ok(five.every((tab) => tab.auth.state === 'expired'));
});

test('a refusal that a sign-in has overtaken ends nothing', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel'] });
  browser.service.endSessions('ada');
  browser.latency = (request) => (request.url.endsWith('/refresh') ? [5, 1_000] : [5, 5]);
  const outcome = tab.call();
  await browser.advance(100);

  await browser.change(browser.service.signedIn('ada'));
  await browser.advance(5_000);

  assert.equal(tab.events.includes('expired'), false);
  assert.equal(outcome.status, 200);
});

test('another user who signs in elsewhere is noticed before the next call', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  await browser.change(browser.service.signedIn('bob'));

  const outcome = await tab.called('/a', { method: 'POST', body: 'ada\'s' });

  assert.equal(outcome.error.code, 'user_changed');
  assert.equal(browser.service.count('/a'), 0);
  assert.equal(tab.events.at(-1), 'userchanged');
});

test('another user who signs in elsewhere is noticed by an idle tab', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel'] });

  await browser.change(browser.service.signedIn('bob'));
  await browser.advance(1_000);

  assert.equal(tab.events.at(-1), 'userchanged');
  assert.equal(tab.auth.user.sub, 'u-bob');
});

test('cookies that somebody deleted end the session without losing the page', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  browser.cookies = {};
  tab.env.cookieStore.dispatchEvent(new Event('change'));
  await browser.advance(1_000);

  assert.equal(tab.auth.state, 'expired');
});

test('old news of a frozen tab does not count for more than it is', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const data = ['in', 'auth_hint=1.1.in', browser.clock.wall, { sub: 'u-bob', roles: [], expires_in: 600 }];

  for (const channel of browser.channels) channel.dispatchEvent(new MessageEvent('message', { data }));
  await browser.advance(1_000);

  assert.equal(tab.auth.user.sub, 'u-ada');
});

test('news that took its time is worth so much less', async () => {
  const browser = new Browser().signedIn('ada');
  browser.hintReadable = false;
  const tab = await browser.opened();
  const late = 500_000;

  for (const channel of browser.channels) {
    const data = ['in', undefined, browser.clock.wall - late, { ...tab.auth.user, expires_in: 600 }];
    channel.dispatchEvent(new MessageEvent('message', { data }));
  }

  assert.ok(tab.auth.expiresAt - browser.clock.wall <= 600_000 - late);
});

test('a sign-in that another page overtakes is not taken for what is there', async () => {
  const browser = new Browser();
  const tab = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  const send = tab.env.fetch;
  tab.env.fetch = async (input, init) => {
    const response = await send(input, init);
    if (input.endsWith('/sign-in')) await browser.change(browser.service.signedIn('bob'));
    return response;
  };
  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(100)]);

  const outcome = await tab.called('/a', { method: 'POST', body: 'ada\'s' });

  assert.equal(outcome.error.code, 'user_changed');
  assert.equal(browser.service.count('/a'), 0);
});

test('an attempt that fails after another tab has succeeded is no failure', async () => {
  const browser = new Browser().signedIn('ada');
  const [one, other] = await tabs(browser, 2, { without: ['locks'] });
  browser.clock.sleep(60 * MINUTE);
  let first = true;
  browser.fault = (request) => {
    if (!request.url.endsWith('/refresh') || !first) return undefined;
    first = false;
    return 'lost';
  };
  browser.latency = (request) => (request.url.endsWith('/refresh') && first ? [1_000, 0] : [5, 5]);
  const lost = (async () => {
    // The slow one leaves first.
    browser.latency = () => [1_000, 0];
    const outcome = one.call();
    await browser.advance(1_000);
    return outcome;
  })();
  const outcome = await lost;
  browser.latency = () => [5, 5];
  other.call();
  await browser.advance(2_000);

  assert.equal(one.events.includes('unavailable'), false);
  assert.equal(outcome.status, 200);
});

test('a refusal after a sign-out elsewhere is that sign-out, not the end of the session', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  browser.latency = () => [100, 5];
  tab.auth.refresh().catch(() => {});
  await browser.advance(50);
  browser.service.endSessions('ada');

  await browser.change({ at: '', rt: '', hint: '1.99.out' });
  await browser.advance(1_000);

  assert.equal(tab.auth.state, 'out');
  assert.deepEqual(tab.events, ['signedin', 'signedout']);
});
