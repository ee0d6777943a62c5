/** No token comes within reach of a script: nothing writes one anywhere, because nothing ever has one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { redirectToSignIn } from '../src/redirect.js';
import { Browser } from './support/browser.js';

const TOKEN = /\b(at|rt)\.0/;

test('a whole life of a page writes no token into storage, channels or cookies', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const other = await browser.opened();
  assert.match(browser.cookies.at, TOKEN);
  const leave = redirectToSignIn(tab.auth, { save: () => ({ user: tab.auth.user, snapshot: tab.auth.snapshot() }) }, tab.env);
  const told = [];
  for (const type of ['change', 'expired', 'restored', 'unavailable', 'signedout']) tab.auth.on(type, (event) => told.push(JSON.stringify({ ...event })));

  browser.clock.sleep(3_600_000);
  await tab.called();
  browser.service.endSessions('ada');
  const waiting = tab.call('/a', { method: 'POST', body: 'x' });
  await browser.advance(200);
  leave();
  await Promise.all([other.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(1_000)]);
  await waiting.promise;
  await Promise.all([tab.auth.signOut(), browser.advance(100)]);

  assert.ok(browser.written.length >= 5);
  for (const text of [...browser.written, ...told]) assert.doesNotMatch(text, TOKEN);
});

test('a password is said to the auth service and to nobody else', async () => {
  const browser = new Browser();
  const tab = await browser.opened();

  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(100)]);

  for (const text of browser.written) assert.doesNotMatch(text, /right/);
  const sent = browser.service.log.filter(({ body }) => body.includes('right'));
  assert.deepEqual(sent.map(({ path }) => path), ['/auth/sign-in']);
});

test('no module names a token, or a place where one could be kept', () => {
  const src = new URL('../src/', import.meta.url);
  for (const file of readdirSync(src, { recursive: true }).filter((name) => name.endsWith('.js'))) {
    const source = readFileSync(new URL(file, src), 'utf8');
    assert.doesNotMatch(source, /localStorage|indexedDB|access_token|refresh_token|Authorization|document\.cookie\s*=[^=]/, file);
    if (file !== 'redirect.js') assert.doesNotMatch(source, /sessionStorage/, file);
  }
});
