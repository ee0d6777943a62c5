import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { API, AUTH, Browser } from '../support/browser.js';

test('a call with an expired token is refreshed and repeated, and the app notices nothing', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);

  const outcome = await tab.called('/orders', { method: 'POST', body: 'two chairs' });

  assert.equal(outcome.status, 200);
  assert.equal(outcome.content.echo, 'two chairs');
});

test('all calls that fail together share one refresh', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);

  const outcomes = ['/a', '/b', '/c', '/d'].map((path) => tab.call(path));
  await browser.advance(5_000);

  assert.deepEqual(outcomes.map(({ status }) => status), [200, 200, 200, 200]);
  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('a refusal that was overtaken by a refresh costs no second one', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);
  browser.latency = (request) => (request.url.endsWith('/slow') ? [5, 2_000] : [5, 5]);

  const [slow] = [tab.call('/slow'), tab.call('/quick')];
  await browser.advance(10_000);

  assert.equal(slow.status, 200);
  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('a call is repeated once and no more', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  const outcome = await tab.called('/always-refuses');

  assert.equal(outcome.status, 401);
  assert.equal(browser.service.count('/always-refuses'), 2);
  assert.equal(browser.service.count('/auth/refresh'), 1);
  assert.equal(tab.auth.state, 'in');
});

test('a 401 that says nothing of an invalid token is the app\'s own', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  const outcome = await tab.called('/own-401');

  assert.equal(outcome.content.code, 'wrong_pin');
  assert.equal(browser.service.count('/own-401'), 1);
  assert.equal(browser.service.count('/auth/refresh'), 0);
});

test('a 401 without credentials is the app\'s own', async () => {
  const browser = new Browser();
  const tab = await browser.opened();

  const outcome = await tab.called();

  assert.equal(outcome.status, 401);
  assert.equal(browser.service.count('/auth/refresh'), 0);
});

test('with nobody signed in, a refused token is refreshed in vain once and the answer handed over', async () => {
  const browser = new Browser().signedIn('ada');
  browser.service.endSessions('ada');
  const tab = await browser.opened();
  assert.equal(tab.auth.state, 'out');

  const outcome = await tab.called();

  assert.equal(outcome.status, 401);
  assert.equal(browser.service.count('/orders'), 1);
});

test('calls of a page that starts do not wait for the session to be known', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = browser.open();

  const outcome = await tab.called();

  assert.equal(outcome.status, 200);
  assert.equal(browser.service.log.length, 2);
});

test('stale roles are refreshed when the service says so, and not all at once', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.service.retryAfter = 4;
  browser.service.makeStale();
  const start = browser.clock.real;

  const outcome = tab.call();
  await browser.advance(10_000);

  const refresh = browser.service.log.find(({ path }) => path === '/auth/refresh');
  const waited = refresh.at - start;
  assert.equal(outcome.status, 200);
  // Where and back takes 15 ms; the rest is this page's own share.
  assert.ok(waited > 4_016 && waited < 5_100, String(waited));
});

test('a service that asks for an hour\'s patience gets a minute', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.service.retryAfter = 3_600;
  browser.service.makeStale();

  const outcome = tab.call();
  await browser.advance(62_000);

  assert.equal(outcome.status, 200);
});

test('an unsafe call carries a key that stays the same when it is repeated', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);

  await tab.called('/orders', { method: 'POST', body: 'x' });
  await tab.called('/orders', { method: 'POST', body: 'x' });

  const [first, repeated, second] = browser.service.log.filter(({ path }) => path === '/orders').map(({ key }) => key);
  assert.match(first, /^\d+-\d+-\d+-\d+$/);
  assert.equal(repeated, first);
  assert.notEqual(second, first);
});

test('the app\'s own idempotency key is left alone', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  await tab.called('/orders', { method: 'PUT', body: 'x', headers: { 'Idempotency-Key': 'order-7' } });

  assert.equal(browser.service.log.at(-1).key, 'order-7');
});

test('a safe call carries no header that would cost a preflight', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  await tab.called();

  assert.equal(browser.service.log.at(-1).key, null);
  assert.equal(browser.service.log.at(-1).custom, null);
});

test('an unsafe call carries the header that no form can send', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  await tab.called('/orders/7', { method: 'DELETE' });

  assert.equal(browser.service.log.at(-1).custom, '1');
});

test('calls to other origins go out untouched', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth, env } = await browser.opened();
  const asked = [];
  env.fetch = async (...given) => {
    asked.push(given);
    return new Response('', { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
  };
  const init = { method: 'POST', body: 'x' };

  const response = await auth.fetch('https://elsewhere.example/api', init);

  assert.equal(response.status, 401);
  assert.deepEqual(asked, [['https://elsewhere.example/api', init]]);
});

test('an origin that only begins like ours is another origin', async () => {
  const { auth, env } = await new Browser().signedIn('ada').opened();
  const asked = [];
  env.fetch = async (input) => {
    asked.push(input);
    return new Response();
  };

  await auth.fetch(`${API}.evil.test/x`);

  assert.deepEqual(asked, [`${API}.evil.test/x`]);
});

test('a Request object is taken like an address', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();
  browser.clock.sleep(3_600_000);
  const request = new Request(`${API}/orders`, { method: 'POST', body: 'x' });

  const [response] = await Promise.all([auth.fetch(request), browser.advance(200)]);

  assert.deepEqual(await response.json(), { sub: 'u-ada', echo: 'x' });
});

test('a stream is sent as it is while the token holds', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  const outcome = await tab.called('/upload', { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' });

  assert.equal(outcome.content.echo, 'x');
});

test('a stream that was refused cannot be sent again', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);

  const outcome = await tab.called('/upload', { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' });

  assert.equal(outcome.error.code, 'not_replayable');
});

test('a body that the app changes afterwards is repeated as it was', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.clock.sleep(3_600_000);
  const body = new FormData();
  body.set('name', 'ada');
  const bytes = new TextEncoder().encode('before');

  const outcomes = [tab.call('/form', { method: 'POST', body }), tab.call('/bytes', { method: 'POST', body: bytes })];
  body.set('name', 'bob');
  bytes.set(new TextEncoder().encode('after!'));
  await browser.advance(1_000);

  assert.match(outcomes[0].content.echo, /\bada\b/);
  assert.equal(outcomes[1].content.echo, 'before');
});

test('the user\'s devices are listed and ended', async () => {
  const browser = new Browser().signedIn('ada');
  browser.service.signedIn('ada');
  const { auth } = await browser.opened();
  const during = async (promise) => (await Promise.all([promise, browser.advance(50)]))[0];

  const [own, other] = await during(auth.sessions.list());
  assert.equal(own.sid, auth.user.sid);
  await during(auth.sessions.end(other.sid));
  assert.equal(browser.service.log.at(-1).path, `/auth/sessions/${other.sid}`);
  assert.equal(browser.service.log.at(-1).method, 'DELETE');
  browser.service.signedIn('ada');
  assert.equal(await during(auth.sessions.endOthers()), 1);
});

test('the sessions of nobody are an error with the service\'s code', async () => {
  const browser = new Browser();
  const { auth, env } = await browser.opened();
  env.fetch = async () => new Response('{"code":"token_missing"}', { status: 401 });

  const [outcome] = await Promise.allSettled([auth.sessions.list()]);

  assert.equal(outcome.reason.code, 'token_missing');
  assert.equal(auth.base, AUTH);
});

test('a signal that serves many calls carries nothing of those that are done', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const { signal } = new AbortController();
  const answers = [401, 200];
  const send = async () => {
    const status = answers.shift() ?? 200;
    return new Response('', { status, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
  };

  const call = tab.auth.guard({ method: 'GET', signal }, send);
  assert.equal(getEventListeners(signal, 'abort').length, 1, 'it is listened on meanwhile');
  await browser.advance(1_000);
  await call;
  await tab.auth.guard({ method: 'GET', signal }, send);

  assert.equal(browser.service.count('/auth/refresh'), 1);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
