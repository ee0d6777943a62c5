import assert from 'node:assert/strict';

import { proof } from '../harness/proof.mjs';
import { PASSWORD } from '../harness/service.mjs';

const NEW_PASSWORD = 'eleven blue umbrellas in the rain';
const SECURE = { secure: true };

proof('without JavaScript one signs in and lands where one was going', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/places.json', { javaScriptEnabled: false });

  await signIn(page, 'ada', PASSWORD);

  assert.equal(page.url(), `${world.places.app}/places.json`);
  await page.goto(`${world.places.auth}/auth/account`);
  await page.getByText('You are signed in as ada.').waitFor();
});

proof('without JavaScript a wrong password is told, and the name is still there', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/places.json', { javaScriptEnabled: false });

  await signIn(page, 'ada', 'not the password at all');

  const alert = page.getByRole('alert');
  assert.equal(await alert.innerText(), 'The user name or the password is not right.');
  assert.equal(await login(page).inputValue(), 'ada');
  assert.equal(await password(page).inputValue(), '', 'a password is never sent back');
  await signIn(page, 'ada', PASSWORD);
  assert.equal(page.url(), `${world.places.app}/places.json`, 'and it was not forgotten where to go');
});

proof('an unknown user reads the same as a wrong password', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in');
  const answer = async (name) => {
    await signIn(page, name, 'not the password at all');
    return page.getByRole('alert').innerText();
  };

  assert.equal(await answer('nobody-of-this-name'), await answer('ada'));
});

proof('whoever tries too often is told how long to wait', { secure: true, settings: { RATE_LIMITS_ACCOUNT_ATTEMPTS: 2 } }, async (world) => {
  const page = await visit(world, '/auth/sign-in', { javaScriptEnabled: false });
  for (let attempt = 0; attempt < 3; attempt += 1) await signIn(page, 'ada', 'not the password at all');

  assert.match(await page.getByRole('alert').innerText(), /^Too many attempts\. Try again in \d+ (seconds?|minutes)\.$/);
});

proof('the account page works without JavaScript', SECURE, async (world) => {
  const elsewhere = await world.device();
  await elsewhere.signIn('ada');
  const page = await visit(world, '/auth/sign-in?return_to=/auth/account', { javaScriptEnabled: false });
  await signIn(page, 'ada', PASSWORD);
  assert.equal((await world.service.sessions('ada')).length, 2);

  await page.getByRole('button', { name: 'Sign out all other devices' }).click();
  await page.getByRole('status').waitFor();
  assert.equal((await world.service.sessions('ada')).length, 1);

  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('New password').fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  assert.match(await page.getByRole('status').innerText(), /^Your password is changed\./);

  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out.').waitFor();
  assert.deepEqual(await world.service.sessions('ada'), []);
  await signIn(page, 'ada', PASSWORD);
  await page.getByRole('alert').waitFor();
  await signIn(page, 'ada', NEW_PASSWORD);
  await page.getByText('You are signed in as ada.').waitFor();
});

proof('one device is signed out from another', SECURE, async (world) => {
  const lost = await world.device();
  await lost.signIn('ada');
  const tab = await lost.tab();
  const page = await visit(world, '/auth/sign-in?return_to=/auth/account');
  await signIn(page, 'ada', PASSWORD);

  await page.getByRole('button', { name: /^Sign out .+/ }).first().click();
  await page.getByRole('status').waitFor();

  assert.equal((await world.service.sessions('ada')).length, 1);
  await tab.begin('next');
  await tab.becomes('expired');
});

proof('the Back button shows nothing of the account page after a sign-out', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/auth/account');
  await signIn(page, 'ada', PASSWORD);
  await page.getByText('You are signed in as ada.').waitFor();

  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are signed out.').waitFor();
  await page.goBack();

  assert.equal(await page.getByText('You are signed in as').count(), 0);
  assert.doesNotMatch(await page.content(), /Your devices/);
});

proof('one signs in with the keyboard alone', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/places.json');

  assert.equal(await focused(page), 'login', 'the first field waits for it');
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'password');
  await page.keyboard.type('not the password at all');
  await page.keyboard.press('Enter');

  await page.getByRole('alert').waitFor();
  assert.equal(await focused(page), 'problem', 'what is wrong is read first');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'login');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Show password');
  await page.keyboard.press('Space');
  assert.equal(await password(page).getAttribute('type'), 'text');
  assert.equal(await focused(page), 'password', 'one goes on typing');
  await page.keyboard.press('Enter');

  await page.waitForURL(`${world.places.app}/places.json`);
});

proof('what has the focus can be seen', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in');

  for (let stop = 0; stop < 4; stop += 1) {
    const isShown = await page.evaluate(() => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
      return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
    });
    assert.equal(isShown, true, await page.evaluate(() => document.activeElement.outerHTML));
    await page.keyboard.press('Tab');
  }
});

proof('password managers find what they look for', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/auth/account');
  const attributes = (field) =>
    field.evaluate((input) => [input.type, input.autocomplete, input.inputMode, input.form.method, input.autocapitalize]);

  assert.deepEqual(await attributes(login(page)), ['text', 'username', 'email', 'post', 'none']);
  assert.deepEqual(await attributes(password(page)), ['password', 'current-password', '', 'post', 'none']);
  assert.equal(await page.locator('form').count(), 1, 'one form, one page');

  await signIn(page, 'ada', PASSWORD);
  const form = page.locator('form', { has: page.getByLabel('New password') });
  const kinds = await form.locator('input[autocomplete]').evaluateAll((inputs) => inputs.map(({ autocomplete }) => autocomplete));
  assert.deepEqual(kinds, ['username', 'current-password', 'new-password'], 'whose password it is stands beside it');
  assert.equal(await form.locator('[autocomplete=username]').inputValue(), 'ada');
});

proof('password managers find what they look for in the dialog', SECURE, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const tab = await device.tab();
  await world.service.signOutElsewhere('ada');
  await tab.begin('waiting');
  await tab.dialog.waitFor();

  const fields = tab.dialog.locator('input[autocomplete]');

  const kinds = await fields.evaluateAll((inputs) => inputs.map(({ autocomplete, value }) => [autocomplete, value]));
  assert.deepEqual(kinds, [['username', 'ada'], ['current-password', '']]);
  assert.equal(await fields.last().evaluate((input) => input.getRootNode().activeElement === input), true, 'ready to type');
});

proof('nobody is sent to a place that the service does not know', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=https://evil.elsewhere.test/');

  await signIn(page, 'ada', PASSWORD);

  assert.equal(page.url(), `${world.places.auth}/auth/account`);
});

proof('whoever is signed in is sent on', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/places.json');
  await signIn(page, 'ada', PASSWORD);

  await page.goto(`${world.places.auth}/auth/sign-in?return_to=/places.json`);

  assert.equal(page.url(), `${world.places.app}/places.json`);
});

proof('the pages speak the language of the browser', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in', { locale: 'de-AT' });

  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  await page.getByRole('button', { name: 'Anmelden' }).waitFor();
});

async function visit(world, path, options) {
  const device = await world.device(options);
  return device.page(world.places.auth + path);
}

function login(page) {
  return page.getByLabel('User name or e-mail address');
}

function password(page) {
  return page.getByLabel('Password', { exact: true });
}

async function signIn(page, name, secret) {
  await login(page).fill(name);
  await password(page).fill(secret);
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Sign in' }).click()]);
}

function focused(page) {
  return page.evaluate(() => document.activeElement.id);
}
