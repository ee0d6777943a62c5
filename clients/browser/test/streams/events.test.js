import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openEvents } from '../../src/streams.js';
import { API, Browser } from '../support/browser.js';
import { EventServer } from '../support/event-server.js';

/** An open stream, its server, and what came of it. */
async function streaming(options) {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const server = new EventServer(tab);
  const heard = [];
  const stream = openEvents(tab.auth, `${API}/events`, {
    onEvent: ({ data }) => heard.push(data),
    onOpen: () => heard.push('(open)'),
    onClose: (reason) => heard.push(`(${reason})`),
    ...options,
  }, tab.env);
  await browser.advance(50);
  return { browser, tab, server, stream, heard };
}

test('events arrive', async () => {
  const { browser, server, heard } = await streaming();

  server.newest.send('data: one\n\n');
  await browser.advance(1);

  assert.deepEqual(heard, ['(open)', 'one']);
});

test('a broken line is opened again, from where it broke', async () => {
  const { browser, server, heard } = await streaming();
  server.newest.send('id: 41\ndata: one\n\n');
  await browser.advance(1);

  server.newest.end();
  await browser.advance(2_000);
  server.newest.send('data: two\n\n');
  await browser.advance(1);

  assert.deepEqual(heard, ['(open)', 'one', '(open)', 'two']);
  assert.equal(server.newest.headers.get('Last-Event-ID'), '41');
});

test('it is opened again after a refresh', async () => {
  const { browser, tab, server, heard } = await streaming();

  await Promise.all([tab.auth.refresh(), browser.advance(200)]);

  assert.deepEqual(heard, ['(open)', '(open)']);
  assert.equal(server.connections[0].aborted, true);
});

test('or stays as it is, where the app wants that', async () => {
  const { browser, tab, heard } = await streaming({ reopenAfterRefresh: false });

  await Promise.all([tab.auth.refresh(), browser.advance(200)]);

  assert.deepEqual(heard, ['(open)']);
});

test('an expired token is refreshed before it is opened again', async () => {
  const { browser, server, heard } = await streaming();
  browser.clock.sleep(3_600_000);

  server.newest.end();
  await browser.advance(2_000);

  assert.deepEqual(heard, ['(open)', '(open)']);
  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('it is closed at the end of the session, and open again when the same user is back', async () => {
  const { browser, tab, server, heard } = await streaming();
  browser.service.endSessions('ada');
  tab.call();
  await browser.advance(200);
  assert.equal(server.newest.aborted, true);
  assert.equal(server.connections.length, 1);

  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(200)]);

  assert.deepEqual(heard, ['(open)', '(open)']);
});

test('it is closed for good when the user signs out', async () => {
  const { browser, tab, server, heard } = await streaming();

  await Promise.all([tab.auth.signOut(), browser.advance(60_000)]);

  assert.deepEqual(heard, ['(open)', '(session_ended)']);
  assert.equal(server.newest.aborted, true);
  assert.equal(server.connections.length, 1);
});

test('it is closed for good when somebody else signs in', async () => {
  const { browser, tab, server, heard } = await streaming();

  await Promise.all([tab.auth.signIn({ login: 'bob', password: 'right' }), browser.advance(60_000)]);

  assert.deepEqual(heard, ['(open)', '(user_changed)']);
  assert.equal(server.connections.length, 1);
});

test('it is closed when the app closes it', async () => {
  const { browser, server, stream, heard } = await streaming();

  stream.close();
  await browser.advance(60_000);

  assert.deepEqual(heard, ['(open)', '(closed)']);
  assert.equal(server.newest.aborted, true);
});

test('"no content" means there will be none', async () => {
  const { browser, server, heard } = await streaming();
  server.answer = () => new Response(null, { status: 204 });

  server.newest.end();
  await browser.advance(60_000);

  assert.deepEqual(heard, ['(open)', '(done)']);
});

test('what is no stream is not asked for again', async () => {
  const { browser, server, heard } = await streaming();
  let asked = 0;
  server.answer = () => {
    asked++;
    return new Response('{}', { headers: { 'Content-Type': 'application/json' } });
  };

  server.newest.end();
  await browser.advance(60_000);

  assert.deepEqual(heard, ['(open)', '(refused)']);
  assert.equal(asked, 1);
});

test('a fault of the server is asked again after ever longer pauses', async () => {
  const { browser, server } = await streaming();
  const asked = [];
  server.answer = () => {
    asked.push(browser.clock.real);
    return new Response(null, { status: 503 });
  };

  server.newest.end();
  await browser.advance(120_000);

  const pauses = asked.slice(1).map((at, n) => at - asked[n]);
  assert.ok(pauses[0] <= 2_100 && pauses.at(-1) > 14_000 && Math.max(...pauses) <= 31_000, String(pauses));
});

test('the server says how long the pause is, and none is not long enough', async () => {
  const { browser, server, heard } = await streaming();
  server.newest.send('retry: 0\n\n');
  await browser.advance(1);

  server.newest.end();
  await browser.advance(200);
  assert.deepEqual(heard, ['(open)']);
  await browser.advance(400);

  assert.deepEqual(heard, ['(open)', '(open)']);
});

test('a network that is back is used at once', async () => {
  const { browser, tab, server, heard } = await streaming();
  server.newest.send('retry: 20000\n\n');
  await browser.advance(1);
  server.newest.end();
  await browser.advance(100);

  tab.env.dispatchEvent(new Event('online'));
  await browser.advance(50);

  assert.deepEqual(heard, ['(open)', '(open)']);
});

test('a line that is silent for too long is dead', async () => {
  const { browser, server, heard } = await streaming({ silence: 10_000 });
  await browser.advance(9_000);
  server.newest.send(': still here\n');
  await browser.advance(9_000);
  assert.equal(server.connections.length, 1);

  await browser.advance(3_000);

  assert.deepEqual(heard, ['(open)', '(open)']);
  assert.equal(server.connections[0].aborted, true);
});

test('an error of the app stops no stream', async () => {
  const thrown = [];
  const catchers = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => thrown.push(error.message));
  const { browser, server } = await streaming({ onEvent: () => { throw new Error('a fault of the app'); } });

  server.newest.send('data: one\n\ndata: two\n\n');
  await browser.advance(5_000);
  process.removeAllListeners('uncaughtException');
  for (const catcher of catchers) process.on('uncaughtException', catcher);

  assert.deepEqual(thrown, ['a fault of the app', 'a fault of the app']);
  assert.equal(server.connections.length, 1);
});

test('a page without anybody opens nothing', async () => {
  const browser = new Browser();
  const tab = await browser.opened();
  const server = new EventServer(tab);
  const heard = [];

  openEvents(tab.auth, `${API}/events`, { onEvent() {}, onClose: (reason) => heard.push(reason) }, tab.env);
  await browser.advance(5_000);

  assert.deepEqual(heard, ['session_ended']);
  assert.equal(server.connections.length, 0);
});
