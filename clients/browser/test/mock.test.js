import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { ADA, BOB, createAuthMock } from '../src/mock.js';

const opened = [];

/** A mock that is there and knows who is signed in. */
async function mock(options) {
  const auth = createAuthMock({ base: 'https://app.test', ...options });
  opened.push(auth);
  auth.heard = [];
  for (const type of ['signedin', 'refreshed', 'expired', 'restored', 'signedout', 'userchanged', 'unavailable']) {
    auth.on(type, () => auth.heard.push(type));
  }
  await auth.ready;
  return auth;
}

afterEach(() => opened.splice(0).forEach((auth) => auth.close()));

test('somebody is signed in, and calls are answered as the test says', async () => {
  const auth = await mock({ respond: (request, user) => Response.json({ path: new URL(request.url).pathname, by: user.preferred_username }) });

  const response = await auth.fetch('/orders', { method: 'POST', body: 'x' });

  assert.equal(auth.state, 'in');
  assert.deepEqual(await response.json(), { path: '/orders', by: 'ada' });
  assert.equal(auth.calls.length, 1);
  assert.equal(auth.calls[0].body, 'x');
  assert.ok(auth.calls[0].headers.get('Idempotency-Key'));
});

test('nobody is signed in, where the test says so', async () => {
  const auth = await mock({ user: null });

  assert.equal(auth.state, 'out');
  assert.equal((await auth.fetch('/orders')).status, 401);
});

test('an expired token is refreshed unseen', async () => {
  const auth = await mock();

  auth.expireNow();

  assert.equal((await auth.fetch('/orders')).status, 200);
  assert.deepEqual(auth.heard, ['signedin', 'refreshed']);
});

test('a session that is over holds calls until the same user is back', async () => {
  const auth = await mock();
  await auth.endSession();
  assert.equal(auth.state, 'expired');
  const waiting = auth.fetch('/orders');

  await auth.signIn({ login: 'ada', password: 'right' });

  assert.equal((await waiting).status, 200);
  assert.deepEqual(auth.heard, ['signedin', 'expired', 'restored']);
});

test('somebody else who signs in gets nothing of it', async () => {
  const auth = await mock();
  await auth.endSession();
  const waiting = auth.fetch('/orders');

  await auth.signInAs(BOB);

  await assert.rejects(waiting, { code: 'user_changed' });
  assert.equal(auth.user.preferred_username, 'bob');
  assert.equal(auth.calls.length, 0);
});

test('the same user who signs in elsewhere frees the calls', async () => {
  const auth = await mock();
  await auth.endSession();
  const waiting = auth.fetch('/orders');

  await auth.signInAs(ADA);

  assert.equal((await waiting).status, 200);
});

test('offline: calls fail as calls do, and nobody is signed out', async () => {
  const auth = await mock();

  auth.offline();

  await assert.rejects(auth.fetch('/orders'), TypeError);
  await assert.rejects(auth.refresh(), { code: 'unavailable' });
  assert.equal(auth.state, 'in');
  auth.offline(false);
  assert.equal((await auth.fetch('/orders')).status, 200);
});

test('an auth service that is away', async () => {
  const auth = await mock();
  auth.expireNow();

  auth.unavailable();

  await assert.rejects(auth.fetch('/orders'), { code: 'unavailable' });
  auth.unavailable(false);
  assert.equal((await auth.fetch('/orders')).status, 200);
});

test('a sign-out in another tab', async () => {
  const auth = await mock();

  await auth.signOutElsewhere();

  assert.equal(auth.state, 'out');
  assert.equal(auth.heard.at(-1), 'signedout');
});

test('a wrong password is refused', async () => {
  const auth = await mock({ user: null, people: [{ sub: 'u1', preferred_username: 'eve', password: 'pear' }] });

  await assert.rejects(auth.signIn({ login: 'eve', password: 'right' }), { code: 'invalid_credentials' });
  assert.equal((await auth.signIn({ login: 'eve', password: 'pear' })).sub, 'u1');
});

test('passwords are not told to anybody', async () => {
  const auth = await mock({ user: { sub: 'u1', password: 'pear' } });

  assert.equal('password' in auth.user, false);
});

test('roles, sessions and sign-out are there', async () => {
  const auth = await mock();

  assert.equal(auth.hasRole('admin'), true);
  const [session] = await auth.sessions.list();
  assert.equal(session.sid, auth.user.sid);
  assert.equal(await auth.sessions.endOthers(), 0);
  await auth.signOut();
  assert.equal(auth.user, null);
});
