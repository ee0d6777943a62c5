import assert from 'node:assert/strict';
import { test } from 'node:test';

import { redirectToSignIn, signInPage } from '../src/redirect.js';
import { Browser } from './support/browser.js';

/** A tab whose session ends, and which leaves for the sign-in page. Returns what stays: the browser and the tab's storage. */
async function left(state = { draft: 'two chairs' }) {
  const storage = new Map();
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ storage });
  const leave = redirectToSignIn(tab.auth, { save: () => state }, tab.env);
  tab.auth.on('expired', leave);
  browser.service.endSessions('ada');
  tab.call();
  await browser.advance(500);
  tab.auth.close();
  return { browser, tab, storage };
}

/** The page again, as it comes back from the sign-in page. */
async function back(browser, storage) {
  const tab = await browser.opened({ storage });
  const restored = [];
  redirectToSignIn(tab.auth, { restore: (state) => restored.push(state) }, tab.env);
  return { tab, restored };
}

test('the page leaves for the sign-in page, which is told the way back', async () => {
  const { tab } = await left();

  const here = encodeURIComponent('https://app.example/orders?page=2#new');
  assert.equal(tab.env.location.href, `https://auth.example/auth/sign-in?return_to=${here}`);
});

test('the same user gets back what was kept, once', async () => {
  const { browser, storage } = await left();
  await browser.change(browser.service.signedIn('ada'));

  assert.deepEqual((await back(browser, storage)).restored, [{ draft: 'two chairs' }]);
  assert.deepEqual((await back(browser, storage)).restored, []);
});

test('it is given back where the session is known only later', async () => {
  const { browser, storage } = await left();
  await browser.change(browser.service.signedIn('ada'));
  const tab = browser.open({ storage });
  const restored = [];

  redirectToSignIn(tab.auth, { restore: (state) => restored.push(state) }, tab.env);
  await browser.advance(100);

  assert.deepEqual(restored, [{ draft: 'two chairs' }]);
});

test('another user gets nothing, and nothing stays behind', async () => {
  const { browser, storage } = await left();
  await browser.change(browser.service.signedIn('bob'));

  const { restored } = await back(browser, storage);

  assert.deepEqual(restored, []);
  assert.equal(storage.size, 0);
});

test('nobody gets nothing, and it waits for who it belongs to', async () => {
  const { browser, storage } = await left();

  const { tab, restored } = await back(browser, storage);
  assert.deepEqual(restored, []);
  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(100)]);

  assert.deepEqual(restored, [{ draft: 'two chairs' }]);
});

test('a sign-out leaves nothing behind', async () => {
  const { browser, storage } = await left();
  const { tab } = await back(browser, storage);
  storage.set('handstamp:https://auth.example', '{"sub":"u-ada","state":1}');
  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(100)]);

  await Promise.all([tab.auth.signOut(), browser.advance(100)]);

  assert.equal(storage.size, 0);
});

test('where nothing can be stored, the way to the sign-in page stays open', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  tab.env.sessionStorage.setItem = () => { throw new DOMException('Full.', 'QuotaExceededError'); };
  const leave = redirectToSignIn(tab.auth, { save: () => 1 }, tab.env);

  assert.throws(leave, /Full/);

  assert.match(tab.env.location.href, /\/auth\/sign-in/);
});

test('what somebody else put into the storage is not taken', async () => {
  for (const text of ['not json', 'null', '{"sub":"u-bob","state":1}', '[]']) {
    const browser = new Browser().signedIn('ada');
    const { restored } = await back(browser, new Map([['handstamp:https://auth.example', text]]));

    assert.deepEqual(restored, [], text);
  }
});

test('the address of the sign-in page keeps what is in the way back', () => {
  const address = signInPage({ base: 'https://auth.example' }, 'https://app.example/?a=1&b=2');

  assert.equal(new URL(address).searchParams.get('return_to'), 'https://app.example/?a=1&b=2');
});
