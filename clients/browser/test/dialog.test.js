import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Window } from 'happy-dom';

import { ADA, BOB, createAuthMock } from '../src/mock.js';

let window, AuthDialog;

before(async () => {
  window = new Window({ url: 'https://app.test/orders?page=2' });
  const { document, HTMLElement, CSSStyleSheet, customElements, location, navigator } = window;
  const globals = { window, document, HTMLElement, CSSStyleSheet, customElements, location, navigator };
  for (const name in globals) Object.defineProperty(globalThis, name, { value: globals[name], configurable: true, writable: true });
  ({ AuthDialog } = await import('../src/dialog.js'));
});

after(() => window.happyDOM.close());
beforeEach(() => document.body.replaceChildren());

/** A page with a dialog whose session has ended. */
async function expired({ lang = 'en', user = ADA, people } = {}) {
  document.documentElement.lang = lang;
  const auth = createAuthMock({ base: 'https://auth.test', user, people });
  await auth.ready;
  const element = document.createElement('auth-dialog');
  element.auth = auth;
  document.body.append(element);
  await auth.endSession();
  return { auth, element, ...inside(element) };
}

function inside(element) {
  const find = (selector) => element.shadowRoot.querySelector(selector);
  const type = (password) => {
    find('#password').value = password;
    find('form').dispatchEvent(new window.Event('submit', { cancelable: true }));
    return new Promise((resolve) => setTimeout(resolve));
  };
  return { find, type, dialog: find('dialog') };
}

test('it opens when the session has ended, for who was signed in', async () => {
  const { auth, dialog, find } = await expired();

  assert.equal(dialog.open, true);
  assert.equal(find('#login').value, 'ada');
  assert.equal(find('#login').readOnly, true);
  assert.equal(find('#login').autocomplete, 'username');
  assert.equal(find('#password').autocomplete, 'current-password');
  assert.equal(find('a').href, 'https://auth.test/auth/sign-in');
  auth.close();
});

test('it stays closed while the session lasts', async () => {
  const auth = createAuthMock();
  await auth.ready;
  const element = document.createElement('auth-dialog');
  element.auth = auth;
  document.body.append(element);

  assert.equal(inside(element).dialog.open, false);
  auth.close();
});

test('it opens at once where the session had ended before', async () => {
  const auth = createAuthMock();
  await auth.ready;
  await auth.endSession();
  const element = document.createElement('auth-dialog');
  document.body.append(element);

  element.auth = auth;

  assert.equal(inside(element).dialog.open, true);
  auth.close();
});

test('the right password closes it, and waiting calls go on', async () => {
  const { auth, dialog, find, type } = await expired();
  const waiting = auth.fetch('https://auth.test/orders');

  await type('right');

  assert.equal(dialog.open, false);
  assert.equal((await waiting).status, 200);
  assert.equal(find('#password').value, '');
  auth.close();
});

test('a wrong password is said in an alert, and the field says that it is wrong', async () => {
  const { auth, dialog, find, type } = await expired();

  await type('wrong');

  assert.equal(dialog.open, true);
  assert.equal(find('[role=alert]').textContent, 'The password is not right.');
  assert.equal(find('[role=alert]').hidden, false);
  assert.equal(find('#password').getAttribute('aria-invalid'), 'true');
  assert.equal(find('#password').getAttribute('aria-describedby'), 'error');
  auth.close();
});

test('an empty password is not sent', async () => {
  const { auth, find, type } = await expired();

  await type('');

  assert.equal(find('[role=alert]').textContent, 'Enter your password.');
  auth.close();
});

test('no answer is not the user\'s mistake', async () => {
  const { auth, find, type } = await expired();
  auth.offline();

  await type('right');

  assert.match(find('[role=alert]').textContent, /no answer/);
  auth.close();
});

test('too many attempts: how long to wait is said', async () => {
  const { auth, find, element } = await expired();
  element.auth = { ...auth, on: auth.on, state: 'expired', user: auth.user, signIn: () => Promise.reject({ code: 'rate_limited', retryAfter: 30 }) };

  await inside(element).type('right');

  assert.match(find('[role=alert]').textContent, /30 seconds/);
  auth.close();
});

test('a sign-in in another tab closes it', async () => {
  const { auth, dialog } = await expired();

  await auth.signInAs(ADA);

  assert.equal(dialog.open, false);
  auth.close();
});

test('somebody else who signs in: the page is covered, and can only be loaded again', async () => {
  const { auth, dialog, find } = await expired();

  await auth.signInAs(BOB);

  assert.equal(dialog.open, true);
  assert.equal(find('form').hidden, true);
  assert.equal(find('h2').textContent, 'Somebody else has signed in');
  assert.equal(dialog.classList.contains('opaque'), true);
  dialog.dispatchEvent(new window.Event('cancel', { cancelable: true }));
  assert.equal(dialog.open, true);
  auth.close();
});

test('a page that somebody else must not see is not uncovered by what they do next', async () => {
  const { auth, dialog, find } = await expired();
  await auth.signInAs(BOB);

  await auth.endSession();
  assert.equal(find('form').hidden, true);
  await auth.signIn({ login: 'bob', password: 'right' });
  assert.equal(dialog.open, true);
  await auth.signOutElsewhere();

  assert.equal(dialog.open, true);
  auth.close();
});

test('"not now" leaves a way back', async () => {
  const { auth, dialog, find } = await expired();

  dialog.dispatchEvent(new window.Event('cancel', { cancelable: true }));
  assert.equal(dialog.open, false);
  assert.equal(find('.reopen').hidden, false);
  find('.reopen').click();

  assert.equal(dialog.open, true);
  assert.equal(find('.reopen').hidden, true);
  auth.close();
});

// Chromium lets a page refuse Escape once; after that it closes the dialog without asking.
test('a dialog that the browser has closed leaves a way back', async () => {
  const { auth, dialog, find } = await expired();

  dialog.close();
  await new Promise((resolve) => setTimeout(resolve));

  assert.equal(find('.reopen').hidden, false);
  auth.close();
});

test('the cover over the page of somebody else cannot be closed', async () => {
  const { auth, dialog } = await expired();
  await auth.signInAs(BOB);
  assert.equal(dialog.getAttribute('closedby'), 'none');

  dialog.close();
  await new Promise((resolve) => setTimeout(resolve));

  assert.equal(dialog.open, true);
  auth.close();
});

test('the cover over the page of somebody else comes along where the dialog is moved to', async () => {
  const { auth, element, dialog } = await expired();
  await auth.signInAs(BOB);

  document.body.append(document.createElement('main'));
  document.querySelector('main').append(element);

  assert.equal(dialog.open, true);
  auth.close();
});

test('the password can be shown, and is hidden again afterwards', async () => {
  const { auth, find, type } = await expired();
  find('#show').checked = true;
  find('#show').dispatchEvent(new window.Event('change'));
  assert.equal(find('#password').type, 'text');

  await type('right');

  assert.equal(find('#password').type, 'password');
  auth.close();
});

test('somebody else signs out and goes to the sign-in page', async () => {
  const { auth, find } = await expired();
  const gone = [];
  location.assign = (url) => gone.push(url);

  [...find('.ways').querySelectorAll('button')].at(-1).click();
  await new Promise((resolve) => setTimeout(resolve));

  assert.equal(auth.state, 'out');
  assert.deepEqual(gone, ['https://auth.test/auth/sign-in?return_to=' + encodeURIComponent('https://app.test/orders?page=2')]);
  auth.close();
});

test('it speaks the language of the page', async () => {
  const { auth, find } = await expired({ lang: 'de-AT' });

  assert.equal(find('h2').textContent, 'Erneut anmelden');
  auth.close();
});

test('a language it does not know is English', async () => {
  const { auth, find } = await expired({ lang: 'xx' });

  assert.equal(find('h2').textContent, 'Sign in again');
  auth.close();
});

test('every language has every text', () => {
  const names = Object.keys(AuthDialog.texts.en);
  for (const [language, texts] of Object.entries(AuthDialog.texts)) assert.deepEqual(Object.keys(texts), names, language);
});

test('a removed dialog listens no more', async () => {
  const { auth, element, dialog } = await expired();
  element.remove();
  assert.equal(dialog.open, false);

  await auth.signIn({ login: 'ada', password: 'right' });
  await auth.endSession();

  assert.equal(dialog.open, false);
  auth.close();
});

test('nothing in it needs more than a strict policy allows', async () => {
  const { auth, element } = await expired();

  assert.equal(element.shadowRoot.querySelectorAll('[style], style, script').length, 0);
  assert.equal(element.shadowRoot.adoptedStyleSheets.length, 1);
  auth.close();
});
