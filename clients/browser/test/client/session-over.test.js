import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';

/** A tab whose session has just been ended from outside. */
async function ended(options) {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ options });
  browser.service.endSessions('ada');
  return { browser, tab };
}

const signIn = (browser, tab, login) => Promise.all([tab.auth.signIn({ login, password: 'right' }), browser.advance(1_000)]);

test('a call whose session is over waits, and the app is told once', async () => {
  const { browser, tab } = await ended();

  const outcomes = [tab.call('/a'), tab.call('/b')];
  await browser.advance(60_000);

  assert.equal(tab.auth.state, 'expired');
  assert.deepEqual(tab.events, ['signedin', 'expired']);
  assert.deepEqual(outcomes.map(({ settled }) => settled), [false, false]);
});

test('who it was stays known, so that the page stands as it was', async () => {
  const { tab } = await ended();

  tab.call();
  await tab.browser.advance(200);

  assert.equal(tab.auth.user.preferred_username, 'ada');
  assert.equal(tab.auth.hasRole('buyer'), true);
});

test('after the same user has signed in, waiting calls are done once each', async () => {
  const { browser, tab } = await ended();
  const outcomes = [tab.call('/a', { method: 'POST', body: 'typed for an hour' }), tab.call('/b')];
  await browser.advance(60_000);

  await signIn(browser, tab, 'ada');

  assert.deepEqual(outcomes.map(({ status }) => status), [200, 200]);
  assert.equal(outcomes[0].content.echo, 'typed for an hour');
  assert.deepEqual(tab.events, ['signedin', 'expired', 'restored']);
  const done = browser.service.log.filter(({ path, status }) => path === '/a' && status === 200);
  assert.equal(done.length, 1);
});

test('a replayed call carries the key of its first attempt', async () => {
  const { browser, tab } = await ended();
  tab.call('/a', { method: 'POST', body: 'x' });
  await browser.advance(200);

  await signIn(browser, tab, 'ada');

  const keys = browser.service.log.filter(({ path }) => path === '/a').map(({ key }) => key);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
});

test('while the session is over nothing leaves the page', async () => {
  const { browser, tab } = await ended();
  tab.call('/first');
  await browser.advance(200);

  const outcome = tab.call('/second');
  await browser.advance(200);

  assert.equal(outcome.settled, false);
  assert.equal(browser.service.count('/second'), 0);
});

test('when somebody else signs in, nothing is done in their name', async () => {
  const { browser, tab } = await ended();
  const outcome = tab.call('/a', { method: 'POST', body: 'ada\'s' });
  await browser.advance(200);

  await signIn(browser, tab, 'bob');

  assert.equal(outcome.error.code, 'user_changed');
  assert.equal(browser.service.log.filter(({ path, status }) => path === '/a' && status === 200).length, 0);
  assert.deepEqual(tab.events, ['signedin', 'expired', 'userchanged']);
});

test('the event names who was here before', async () => {
  const { browser, tab } = await ended();
  let event;
  tab.auth.on('userchanged', (told) => (event = told));
  tab.call();
  await browser.advance(200);

  await signIn(browser, tab, 'bob');

  assert.equal(event.previous.sub, 'u-ada');
  assert.equal(event.user.sub, 'u-bob');
});

test('a call on its way when somebody else signs in is not repeated in their name', async () => {
  const browser = new Browser().signedIn('ada');
  const [tab, other] = [await browser.opened(), await browser.opened()];
  browser.service.endSessions('ada');
  browser.latency = (request) => (request.url.endsWith('/slow') ? [5, 3_000] : [5, 5]);
  const outcome = tab.call('/slow', { method: 'POST', body: 'ada\'s' });
  await browser.advance(100);

  await signIn(browser, other, 'bob');
  await browser.advance(5_000);

  assert.equal(outcome.error.code, 'user_changed');
  assert.equal(browser.service.count('/slow'), 1);
});

test('a sign-in in another tab frees the calls of this one', async () => {
  const { browser, tab } = await ended();
  const other = await browser.opened();
  const outcome = tab.call();
  await browser.advance(200);

  await signIn(browser, other, 'ada');

  assert.equal(outcome.status, 200);
});

test('a sign-in on the sign-in page, which knows no channel, frees the calls', async () => {
  const { browser, tab } = await ended();
  const outcome = tab.call();
  await browser.advance(200);

  await browser.change(browser.service.signedIn('ada'));
  await browser.advance(500);

  assert.equal(tab.events.at(-1), 'restored');
  assert.equal(outcome.status, 200);
});

test('only so many calls wait', async () => {
  const { browser, tab } = await ended({ maxParked: 2 });
  const outcomes = [tab.call(), tab.call(), tab.call()];

  await browser.advance(200);

  assert.deepEqual(outcomes.map(({ error }) => error?.code), [undefined, undefined, 'too_many_parked']);
});

test('a waiting call can be aborted, fails as fetch does, and makes room', async () => {
  const { browser, tab } = await ended({ maxParked: 1 });
  const controller = new AbortController();
  const outcome = tab.call('/a', { signal: controller.signal });
  await browser.advance(200);

  controller.abort();
  const next = tab.call('/b');
  await browser.advance(200);

  assert.equal(outcome.error.name, 'AbortError');
  assert.equal(next.settled, false);
  await signIn(browser, tab, 'ada');
  assert.equal(next.status, 200);
  assert.equal(browser.service.count('/a'), 1);
});

test('a call that was aborted before it began is not sent', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  const outcome = await tab.called('/a', { signal: AbortSignal.abort() });

  assert.equal(outcome.error.name, 'AbortError');
  assert.equal(browser.service.count('/a'), 0);
});

test('a call can be aborted while it waits for a refresh', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);
  browser.latency = (request) => (request.url.endsWith('/refresh') ? [5, 5_000] : [5, 5]);
  const controller = new AbortController();
  const outcome = tab.call('/a', { signal: controller.signal });
  await browser.advance(100);

  controller.abort();
  await browser.advance(0);

  assert.equal(outcome.error.name, 'AbortError');
});

test('a stream that was not sent yet waits like any other call', async () => {
  const { browser, tab } = await ended();
  tab.call('/first');
  await browser.advance(200);
  const outcome = tab.call('/upload', { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' });

  await signIn(browser, tab, 'ada');

  assert.equal(outcome.content.echo, 'x');
});

test('a hint that a neighbouring host has planted costs no waiting call', async () => {
  const browser = new Browser().signedIn('ada');
  browser.plantedHint = '1.0.out';
  const tab = await browser.opened();
  browser.service.endSessions('ada');

  const outcome = tab.call('/a', { method: 'POST', body: 'x' });
  await browser.advance(500);
  assert.equal(tab.auth.state, 'expired');
  await signIn(browser, tab, 'ada');

  assert.equal(outcome.status, 200);
});

test('onExpired is told like any listener', async () => {
  let told = 0;
  const { browser, tab } = await ended({ onExpired: () => told++ });

  tab.call();
  await browser.advance(200);

  assert.equal(told, 1);
});

test('a session can end again, and is told again', async () => {
  const { browser, tab } = await ended();
  tab.call();
  await browser.advance(200);
  await signIn(browser, tab, 'ada');
  browser.service.endSessions('ada');

  const outcome = tab.call('/again');
  await browser.advance(200);

  assert.deepEqual(tab.events.filter((type) => type !== 'refreshed'), ['signedin', 'expired', 'restored', 'expired']);
  await signIn(browser, tab, 'ada');
  assert.equal(outcome.status, 200);
});

test('a session that ends between refresh and repetition loses no call', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);
  tab.auth.on('refreshed', () => browser.service.endSessions('ada'));

  const outcome = tab.call('/a', { method: 'POST', body: 'x' });
  await browser.advance(1_000);
  assert.equal(tab.auth.state, 'expired');
  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(1_000)]);

  assert.equal(outcome.status, 200);
});

test('a call that was replayed has one repetition again', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);
  tab.auth.on('refreshed', () => tab.events.includes('restored') || browser.service.endSessions('ada'));
  const outcome = tab.call('/a');
  await browser.advance(1_000);
  tab.auth.on('restored', () => browser.service.makeStale());

  await signIn(browser, tab, 'ada');

  assert.equal(outcome.status, 200);
});

test('a call that was aborted before does not wait', async () => {
  const { browser, tab } = await ended();
  tab.call();
  await browser.advance(200);

  const outcome = tab.call('/a', { signal: AbortSignal.abort() });
  await browser.advance(0);

  assert.equal(outcome.error?.name, 'AbortError');
});
