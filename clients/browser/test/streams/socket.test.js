import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openSocket } from '../../src/streams.js';
import { Browser } from '../support/browser.js';

/** A socket whose other end the test holds. */
class FakeSocket {
  static all = [];
  readyState = 0;
  sent = [];

  constructor(url, protocols) {
    Object.assign(this, { url, protocols });
    FakeSocket.all.push(this);
  }

  static get newest() {
    return FakeSocket.all.at(-1);
  }

  accept() {
    this.readyState = 1;
    this.onopen();
  }

  drop(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }

  send(data) {
    this.sent.push(data);
  }

  close(code) {
    this.closedWith = code;
    this.readyState = 2;
  }
}

async function connected({ without, ...options } = {}) {
  FakeSocket.all = [];
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without });
  tab.env.WebSocket = FakeSocket;
  const heard = [];
  const socket = openSocket(tab.auth, 'wss://api.example/live', {
    onMessage: ({ data }) => heard.push(data),
    onOpen: () => heard.push('(open)'),
    onClose: (reason) => heard.push(`(${reason})`),
    ...options,
  }, tab.env);
  await browser.advance(5);
  FakeSocket.newest.accept();
  await browser.advance(1);
  return { browser, tab, socket, heard };
}

test('messages go both ways', async () => {
  const { socket, heard } = await connected();

  FakeSocket.newest.onmessage({ data: 'hello' });

  assert.equal(socket.send('hi'), true);
  assert.deepEqual(FakeSocket.newest.sent, ['hi']);
  assert.deepEqual(heard, ['(open)', 'hello']);
});

test('what cannot be sent is not kept for somebody else to send', async () => {
  const { socket } = await connected();

  FakeSocket.newest.drop();

  assert.equal(socket.send('hi'), false);
});

test('a lost connection is opened again', async () => {
  const { browser, heard } = await connected();

  FakeSocket.newest.drop();
  await browser.advance(1_100);
  FakeSocket.newest.accept();
  await browser.advance(1);

  assert.equal(FakeSocket.all.length, 2);
  assert.deepEqual(heard, ['(open)', '(open)']);
});

test('a failed handshake is tried again at once after a refresh, and with pauses from then on', async () => {
  const { browser } = await connected();
  FakeSocket.newest.drop();
  await browser.advance(1_100);

  FakeSocket.newest.drop();
  await browser.advance(20);
  assert.equal(browser.service.count('/auth/refresh'), 1);
  assert.equal(FakeSocket.all.length, 3);
  FakeSocket.newest.drop();
  await browser.advance(20);

  assert.equal(FakeSocket.all.length, 3);
  assert.equal(browser.service.count('/auth/refresh'), 1);
});

test('a server that closes because of who is asking is asked again after a refresh', async () => {
  for (const code of [1008, 3000, 4401]) {
    const { browser } = await connected();

    FakeSocket.newest.drop(code);
    await browser.advance(20);

    assert.equal(browser.service.count('/auth/refresh'), 1, String(code));
    assert.equal(FakeSocket.all.length, 2);
  }
});

test('a server that is done is not asked again', async () => {
  const { browser, heard } = await connected();

  FakeSocket.newest.drop(1000);
  await browser.advance(60_000);

  assert.deepEqual(heard, ['(open)', '(done)']);
  assert.equal(FakeSocket.all.length, 1);
});

test('a refresh opens it again', async () => {
  const { browser, tab } = await connected();

  await Promise.all([tab.auth.refresh(), browser.advance(200)]);

  assert.equal(FakeSocket.all[0].closedWith, 1000);
  assert.equal(FakeSocket.all.length, 2);
});

test('a socket that is being closed is not listened to any more', async () => {
  const { browser, tab, heard } = await connected();

  await Promise.all([tab.auth.signOut(), browser.advance(200)]);
  FakeSocket.all[0].onmessage({ data: 'late' });

  assert.deepEqual(heard, ['(open)', '(session_ended)']);
});

test('the end of the session closes it, and the same user opens it again', async () => {
  const { browser, tab } = await connected();
  browser.service.endSessions('ada');
  tab.call();
  await browser.advance(200);
  assert.equal(FakeSocket.all[0].closedWith, 1000);
  assert.equal(FakeSocket.all.length, 1);

  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(200)]);

  assert.equal(FakeSocket.all.length, 2);
});

test('a lost connection is not opened again in the name of somebody who has signed in since', async () => {
  const { browser, heard } = await connected({ without: ['BroadcastChannel', 'cookieStore'] });
  await browser.change(browser.service.signedIn('bob'));

  FakeSocket.newest.drop();
  await browser.advance(2_000);

  assert.equal(FakeSocket.all.length, 1);
  assert.deepEqual(heard, ['(open)', '(user_changed)']);
});

test('protocols go along', async () => {
  await connected({ protocols: ['live.v1'] });

  assert.deepEqual(FakeSocket.newest.protocols, ['live.v1']);
});
