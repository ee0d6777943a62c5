import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computed, createSSRApp, effectScope, h, isRef } from 'vue';
import { renderToString } from 'vue/server-renderer';

import { useAuth } from '../../src/adapters/vue.js';
import { Browser } from '../support/browser.js';

test('what depends on the user follows the user', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();
  const scope = effectScope();
  const name = scope.run(() => {
    const session = useAuth(auth);
    assert.ok(isRef(session));
    return computed(() => session.value.user?.preferred_username ?? 'nobody');
  });
  assert.equal(name.value, 'nobody');

  await Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);
  assert.equal(name.value, 'ada');
  await Promise.all([auth.signOut(), browser.advance(50)]);

  assert.equal(name.value, 'nobody');
});

test('a scope that is gone follows no more', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();
  const scope = effectScope();
  const session = scope.run(() => useAuth(auth));

  scope.stop();
  await Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);

  assert.equal(session.value.user, null);
});

test('a component renders what is known', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();

  const html = await renderToString(createSSRApp({
    setup: () => ({ session: useAuth(auth) }),
    render() {
      return h('p', this.session.user.preferred_username);
    },
  }));

  assert.equal(html, '<p>ada</p>');
});

test('nobody writes into it', async (t) => {
  const { auth } = await new Browser().opened();
  const warned = t.mock.method(console, 'warn', () => {});
  const session = useAuth(auth);

  session.value = { state: 'in' };

  assert.equal(session.value.state, 'out');
  assert.equal(warned.mock.callCount(), 1);
});
