import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from '../support/browser.js';

test('a page that is kept for the Back button is kept covered', async () => {
  const tab = await new Browser().signedIn('ada').opened();

  tab.leave();

  assert.equal(tab.covered, true);
  assert.equal(tab.env.document.documentElement.style.opacity, 0);
});

test('Back uncovers it at once where nothing has happened', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  tab.leave();

  tab.comeBack();
  await browser.advance(0);

  assert.equal(tab.covered, false);
  assert.equal(browser.service.log.length, 1);
});

test('Back after a sign-out shows nothing and loads afresh', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  tab.leave();
  await browser.change({ at: '', rt: '', hint: '1.99.out' });

  tab.comeBack();
  assert.equal(tab.covered, true);
  await browser.advance(50);

  assert.equal(tab.covered, true);
  assert.equal(tab.env.location.reloads, 1);
});

test('Back after somebody else has signed in shows nothing and loads afresh', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  tab.leave();
  await browser.change(browser.service.signedIn('bob'));

  tab.comeBack();
  await browser.advance(500);

  assert.equal(tab.covered, true);
  assert.equal(tab.env.location.reloads, 1);
});

test('Back after a refresh in another tab uncovers once it is certain who is here', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  const other = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  tab.leave();
  await Promise.all([other.auth.refresh(), browser.advance(50)]);

  tab.comeBack();
  assert.equal(tab.covered, true);
  await browser.advance(500);

  assert.equal(tab.covered, false);
  assert.equal(tab.env.location.reloads, 0);
});

test('Back after the end of the session loads afresh', async () => {
  const browser = new Browser().signedIn('ada');
  browser.hintReadable = false;
  const tab = await browser.opened();
  tab.leave();
  browser.service.endSessions('ada');

  tab.comeBack();
  await browser.advance(500);

  assert.equal(tab.covered, true);
  assert.equal(tab.env.location.reloads, 1);
});

test('where the cookie cannot be read, Back asks before it uncovers', async () => {
  const browser = new Browser().signedIn('ada');
  browser.hintReadable = false;
  const tab = await browser.opened();
  tab.leave();

  tab.comeBack();
  assert.equal(tab.covered, true);
  await browser.advance(500);

  assert.equal(tab.covered, false);
  assert.equal(browser.service.log.length, 2);
});

test('Back while nobody can say who is signed in shows nothing', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened({ without: ['BroadcastChannel', 'cookieStore'] });
  tab.leave();
  await browser.change(browser.service.signedIn('ada'));
  browser.service.down = true;

  tab.comeBack();
  await browser.advance(500);

  assert.equal(tab.covered, true);
});

test('Back during an outage loses nothing where the cookies are those of before', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  browser.service.down = true;
  await Promise.all([assert.rejects(tab.auth.refresh()), browser.advance(50)]);
  tab.leave();

  tab.comeBack();
  await browser.advance(0);

  assert.equal(tab.covered, false);
  assert.equal(tab.env.location.reloads, 0);
});

test('a page of nobody is not covered', async () => {
  const tab = await new Browser().opened();

  tab.leave();

  assert.equal(tab.covered, false);
});

test('an ordinary page start is no return', async () => {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();

  tab.env.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }));
  await browser.advance(50);

  assert.equal(tab.env.location.reloads, 0);
});
