import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Window } from 'happy-dom';

import { useAuth } from '../../src/adapters/react.js';
import { Browser } from '../support/browser.js';

let React, createRoot, renderToString, window;

before(async () => {
  // React looks for these when it is loaded.
  window = new Window();
  const globals = { window, document: window.document, navigator: window.navigator, IS_REACT_ACT_ENVIRONMENT: true };
  for (const name in globals) Object.defineProperty(globalThis, name, { value: globals[name], configurable: true });
  React = await import('react');
  ({ createRoot } = await import('react-dom/client'));
  ({ renderToString } = await import('react-dom/server'));
});

after(() => window.happyDOM.close());

function Name({ auth, rendered }) {
  const { state, user } = useAuth(auth);
  rendered?.push(state);
  return React.createElement('p', null, user?.preferred_username ?? 'nobody');
}

test('a component is rendered again when the user changes', async () => {
  const browser = new Browser();
  const { auth } = await browser.opened();
  const place = document.createElement('div');
  const root = createRoot(place);
  await React.act(() => root.render(React.createElement(Name, { auth })));
  assert.equal(place.textContent, 'nobody');

  await React.act(() => Promise.all([auth.signIn({ login: 'ada', password: 'right' }), browser.advance(50)]));
  assert.equal(place.textContent, 'ada');
  await React.act(() => Promise.all([auth.signOut(), browser.advance(50)]));

  assert.equal(place.textContent, 'nobody');
  await React.act(() => root.unmount());
});

test('it is not rendered again when nothing has changed', async () => {
  const browser = new Browser().signedIn('ada');
  const { auth } = await browser.opened();
  const rendered = [];
  const root = createRoot(document.createElement('div'));
  await React.act(() => root.render(React.createElement(Name, { auth, rendered })));

  await React.act(() => browser.advance(60_000));

  assert.deepEqual(rendered, ['in']);
  await React.act(() => root.unmount());
});

test('a server renders what is known', async () => {
  const { auth } = await new Browser().signedIn('ada').opened();

  assert.equal(renderToString(React.createElement(Name, { auth })), '<p>ada</p>');
});
