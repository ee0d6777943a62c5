import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AuthError } from '../../src/client.js';
import { Browser } from '../support/browser.js';

const rejected = async (browser, promise) => {
  const [outcome] = await Promise.all([promise.then(() => assert.fail('not refused'), (error) => error), browser.advance(20_000)]);
  assert.ok(outcome instanceof AuthError);
  return outcome;
};

test('signing in answers who it is', async () => {
  const browser = new Browser();
  const { auth, events } = await browser.opened();

  const [user] = await Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);

  assert.equal(user.sub, 'u-ada');
  assert.equal(auth.state, 'in');
  assert.deepEqual(events, ['signedin']);
});

test('a wrong password is the service\'s own code, in its own words', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();

  const error = await rejected(browser, auth.signIn({ login: 'ada', password: 'wrong' }));

  assert.equal(error.code, 'invalid_credentials');
  assert.equal(error.status, 401);
  assert.equal(error.message, 'The user name or password is not right.');
  assert.equal(auth.state, 'out');
});

test('no answer to a sign-in is a network error, and one that takes too long a timeout', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened({ options: { timeout: 2_000 } });
  browser.fault = () => 'lost';
  assert.equal((await rejected(browser, auth.signIn({ login: 'ada', password: 'right' }))).code, 'network');

  browser.fault = () => undefined;
  browser.latency = () => [5, 60_000];
  assert.equal((await rejected(browser, auth.signIn({ login: 'ada', password: 'right' }))).code, 'timeout');
});

test('when to come back is told in seconds', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();
  browser.service.down = true;

  const error = await rejected(browser, auth.signIn({ login: 'ada', password: 'right' }));

  assert.equal(error.code, 'unavailable');
  assert.equal(error.retryAfter, 2);
});

test('nothing but name and password goes along: nobody can ask for tokens in the body', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();

  await Promise.all([auth.signIn({ login: 'ada', password: 'right', delivery: 'body' }), browser.advance(50)]);

  assert.equal(browser.service.log.at(-1).body, '{"login":"ada","password":"right"}');
});

test('a password is not carried on by a redirect', async () => {
  const browser = new Browser();
  const { auth, env } = await browser.opened();
  let asked;
  const send = env.fetch;
  env.fetch = (input, init) => {
    asked = init;
    return send(input, init);
  };

  await Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);

  assert.equal(asked.redirect, 'error');
});

test('where the hint cannot be read, a sign-in is believed without a second question', async () => {
  const browser = new Browser();
  browser.hintReadable = false;
  const tab = await browser.opened();
  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);

  await tab.called();

  assert.equal(browser.service.count('/auth/session'), 1);
});
