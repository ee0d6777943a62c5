import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createAuth } from '../../src/client.js';
import { Browser } from '../support/browser.js';

/** A page whose cookies the test writes; returns what the client makes of a sign-out in them. */
async function noticed(base, cookies, options) {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  let jar = cookies('1.1.00000001.in');
  Object.defineProperty(tab.env.document, 'cookie', { get: () => jar });
  const auth = createAuth({ base, ...options }, tab.env);
  await browser.advance(200);
  assert.equal(auth.state, 'in');

  jar = cookies('1.2.out');
  tab.env.dispatchEvent(new Event('focus'));
  await browser.advance(50);

  return auth.state === 'out';
}

test('in production the hint has its plain name', async () => {
  assert.equal(await noticed('https://auth.example', (hint) => `a=b; auth_hint=${hint}; c=d`), true);
});

test('on a development address the hint carries the port of the auth service', async () => {
  const jar = (hint) => `auth_hint-8601=1.9.99999999.in; auth_hint-8600=${hint}`;

  assert.equal(await noticed('http://localhost:8600', jar), true);
  assert.equal(await noticed('http://localhost:8601', jar), false);
});

test('a hint of another name is named', async () => {
  const jar = (hint) => `auth_hint=1.9.99999999.in; acme_hint=${hint}`;

  assert.equal(await noticed('https://auth.example', jar, { hint: 'acme_hint' }), true);
  assert.equal(await noticed('https://auth.example', jar), false);
});

test('a cookie whose name only ends like the hint is another cookie', async () => {
  assert.equal(await noticed('https://auth.example', (hint) => `x-auth_hint=${hint}; my_auth_hint=${hint}`), false);
});

test('without options the auth service is where the page is from', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  const auth = createAuth(undefined, tab.env);

  assert.equal(auth.base, 'https://app.example');
});

test('an origin may be written with a path; it is the origin that counts', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  const auth = createAuth({ base: 'https://auth.example/', origins: ['https://api.example/v1'] }, tab.env);

  assert.equal(auth.covers('https://api.example/v2/x'), true);
  assert.equal(auth.covers('https://auth.example/auth/whoami'), true);
  assert.equal(auth.covers('http://api.example/'), false);
  assert.equal(auth.covers('/relative'), false);
});

test('an origin that is none is an error at once', () => {
  assert.throws(() => createAuth({ base: 'https://auth.example', origins: ['api'] }, new Browser().open().env), TypeError);
});
