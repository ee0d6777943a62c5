import assert from 'node:assert/strict';
import { test } from 'node:test';
import { derived, get } from 'svelte/store';

import { authStore } from '../../src/adapters/svelte.js';
import { Browser } from '../support/browser.js';

test('the store has what is known', async () => {
  const { auth } = await new Browser().signedIn('ada').opened();

  assert.equal(get(authStore(auth)), auth.snapshot());
});

test('what is derived from it follows the user, until nobody listens', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();
  const seen = [];
  const name = derived(authStore(auth), ({ user }) => user?.preferred_username ?? 'nobody');
  const stop = name.subscribe((value) => seen.push(value));

  await Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]);
  stop();
  await Promise.all([auth.signOut(), browser.advance(50)]);

  assert.deepEqual(seen, ['nobody', 'ada']);
});
