import assert from 'node:assert/strict';

import { Demo } from '../harness/demo.mjs';
import { Program } from '../harness/program.mjs';
import { proof } from '../harness/proof.mjs';
import { pause, until } from '../harness/until.mjs';

demoed('an expired access token is refused, renewed, and not noticed', async (demo) => {
  const page = await tryIt(demo, 'ben');

  await press(page, 'Let the access token expire');

  await page.getByText('You saw nothing of it.').waitFor();
  const wire = await page.locator('#wire').innerText();
  assert.match(wire, /token_expired/);
  assert.match(wire, /auth \/auth\/refresh/);
});

demoed('a call that meets the end of the session goes on after a sign-in over the page', async (demo) => {
  const page = await tryIt(demo, 'ben');

  await press(page, 'End this session from elsewhere');
  await signInAgain(page, demo.password('ben'));

  await page.getByText('the call that was waiting went on').waitFor();
});

demoed('a call that is faster than the news of the end meets it all the same', async (demo) => {
  const page = await tryIt(demo, 'ben');
  await page.context().route('**/control/end-session', async (route) => {
    setTimeout(() => route.fetch(), 300);
    await route.fulfill({ status: 204 });
  });

  await press(page, 'End this session from elsewhere');
  await signInAgain(page, demo.password('ben'));

  await page.getByText('the call that was waiting went on').waitFor();
});

demoed('new roles arrive with the next call, and by themselves when a terminal gives them', async (demo) => {
  const page = await tryIt(demo, 'cleo');
  const buyer = page.locator('.card .chip', { hasText: 'buyer' });
  // The news goes ahead: what the page says otherwise is a proof of its own.
  await page.context().route('**/orders', async (route) => {
    await pause(200);
    await route.continue();
  });

  await page.getByLabel('buyer', { exact: true }).check();
  await press(page, 'Change my roles');
  await page.getByText('The orders service said “stale”').waitFor();
  await buyer.waitFor();

  // The line as the page shows it, with another role in it.
  const command = await page.locator('.terminal code', { hasText: 'set-roles' }).innerText();
  await Program.run('sh', ['-c', command.replace('cleo buyer admin', 'cleo admin')]);
  await page.locator('.card .chip', { hasText: 'admin' }).waitFor();
  await buyer.waitFor({ state: 'detached' });
});

demoed('a call that is faster than the news of new roles is not said to have met it', async (demo) => {
  const page = await tryIt(demo, 'cleo');
  await page.context().route('**/control/roles', async (route) => {
    setTimeout(() => route.fetch(), 1_000);
    await route.fulfill({ status: 204 });
  });

  await page.getByLabel('buyer', { exact: true }).check();
  await press(page, 'Change my roles');

  await page.getByText('This call passed at once.').waitFor();
  assert.equal(await page.getByText('The orders service said “stale”').count(), 0);
  await page.locator('.card .chip', { hasText: 'buyer' }).waitFor();
});

demoed('a disabled account is out, and its password does not let it back in', async (demo) => {
  const page = await tryIt(demo, 'ben');

  await press(page, 'Disable my account');
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=password]').fill(demo.password('ben'));
  await dialog.locator('input[type=password]').press('Enter');

  await dialog.getByText('This account is disabled.').waitFor();
});

demoed('while the auth service is away nobody is signed out', async (demo) => {
  const page = await tryIt(demo, 'ben');

  await press(page, 'Send the auth service away');
  await page.getByText('Nobody answers at the auth service').waitFor();
  await until('it is away', () => fetch(`${demo.places.auth}/health/live`).then(() => false, () => true));
  await press(page, 'Refresh now');
  await page.getByText('You stay signed in').waitFor();

  await page.getByText('Signed in', { exact: true }).waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
});

demoed('what must be refused is, with a code', async (demo) => {
  const page = await tryIt(demo, 'cleo');
  const verdict = (text) => page.locator('.verdict', { hasText: text }).waitFor();

  for (const [button, answer] of [
    ['Read another organisation’s order', '404 not_found'],
    ['Ask without signing in', '401 token_missing'],
    ['Use a route nobody opened', '403 not_declared'],
  ]) {
    await press(page, button);
    await verdict(answer);
  }
  const kinds = await page.locator('#forgery option').allInnerTexts();
  assert.equal(kinds.length, 3);
  for (const kind of kinds) {
    await page.locator('#forgery').selectOption(kind);
    await press(page, 'Send it');
    await verdict('401 token_invalid');
    await press(page, 'Ask without signing in');
    await verdict('401 token_missing');
  }
});

demoed('signing out everywhere closes the live view of the other window', async (demo) => {
  const [first, second] = [await tryIt(demo, 'dora'), await demo.visit('dora')];
  await second.getByText('Live', { exact: true }).waitFor();

  await press(first, 'Sign out everywhere');

  await second.getByText('Live view closed').waitFor();
  await second.getByRole('dialog').waitFor();
  await first.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
});

demoed('a device that is ended from another one is out', async (demo) => {
  const [here, there] = [await demo.visit('dora'), await demo.visit('dora')];

  await here.getByRole('link', { name: 'Devices' }).click();
  await here.getByRole('button', { name: /^End Chrom/ }).click();

  await there.getByRole('dialog').waitFor();
  await until('only this device is left', async () => (await here.locator('.devices li').count()) === 1);
});

demoed('an order that is sent when the session is over waits, and is placed once', async (demo) => {
  const page = await demo.visit('ben');
  await page.getByRole('link', { name: 'New order' }).first().click();
  await page.getByLabel('Item').fill('Standing lamp');
  await demo.signOutElsewhere('ben');
  await page.getByRole('dialog').getByRole('button', { name: 'Not now' }).click();

  await press(page, 'Order');
  await page.getByText('Waiting for you to sign in.').waitFor();
  await press(page, 'Your session has ended. Sign in');
  await signInAgain(page, demo.password('ben'));

  await page.getByRole('heading', { name: /^Order \d+/ }).waitFor();
  await page.getByRole('link', { name: 'Orders', exact: true }).click();
  await page.getByRole('link', { name: 'Standing lamp' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Standing lamp' }).count(), 1);
});

demoed('ten tabs share one stream, and another one takes over', async (demo) => {
  const first = await demo.visit('ben');
  await first.getByText('Live', { exact: true }).waitFor();
  const tabs = await Promise.all(Array.from({ length: 9 }, () => first.context().newPage()));
  await Promise.all(tabs.map((tab) => tab.goto(`${demo.places.app}/`)));
  await Promise.all(tabs.map((tab) => tab.getByText('Live, by another tab').waitFor()));

  await first.close();

  const listening = () => Promise.all(tabs.map((tab) => tab.getByText('Live', { exact: true }).count()));
  await until('one of the others listens', async () => (await listening()).filter(Boolean).length === 1);
});

demoed('the keyboard is enough to order', async (demo) => {
  const page = await demo.visit('ben');
  const focused = () => page.evaluate(() => document.activeElement.id);
  await page.reload();
  await page.getByRole('heading', { name: 'Orders of acme' }).waitFor();

  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'content');
  await page.getByRole('navigation').getByRole('link', { name: 'New order' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'New order' }).waitFor();
  assert.equal(await focused(), 'content', 'reading goes on where the new page begins');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Kettle');
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { name: /^Order \d+/ }).waitFor();
});

function demoed(name, story) {
  proof(name, {}, story, Demo);
}

/** Signs somebody in and goes where everything can be tried. */
async function tryIt(demo, name) {
  const page = await demo.visit(name);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Try it' }).click();
  await page.getByRole('heading', { name: 'Try it' }).waitFor();
  return page;
}

function press(page, name) {
  return page.getByRole('button', { name, exact: true }).click();
}

async function signInAgain(page, password) {
  const dialog = page.getByRole('dialog');
  await dialog.locator('input[type=password]').fill(password);
  await dialog.locator('input[type=password]').press('Enter');
  await dialog.waitFor({ state: 'hidden' });
}
