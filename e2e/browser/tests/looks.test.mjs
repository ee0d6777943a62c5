import assert from 'node:assert/strict';

import { inspect, SCREENS } from '../harness/looks.mjs';
import { proof } from '../harness/proof.mjs';
import { PASSWORD } from '../harness/service.mjs';

const SETTINGS = { secure: true, settings: { RATE_LIMITS_ACCOUNT_ATTEMPTS: 3 }, users: ['ada', 'ben'] };

for (const [screen, options] of Object.entries(SCREENS)) {
  proof(`everybody can use the pages: ${screen}`, SETTINGS, async (world) => {
    await Promise.all([signInSomewhere(world, 'iPhone'), signInSomewhere(world, 'Firefox')]);
    const device = await world.device(options);
    const page = await device.page(`${world.places.auth}/auth/sign-in`);
    const problems = {};
    const look = async (name) => {
      const found = await inspect(page, `${name}-${screen}`);
      if (found.length > 0) problems[name] = found;
    };

    await look('sign-in');
    await signIn(page, 'ben', 'not the password at all');
    await look('sign-in-wrong');
    for (let attempt = 0; attempt < 3; attempt += 1) await signIn(page, 'ben', 'not the password at all');
    await page.getByText('Too many attempts.').waitFor();
    await look('sign-in-rate-limited');
    await signIn(page, 'ada', PASSWORD);
    await page.getByText('Your devices').waitFor();
    await look('account');
    await page.getByLabel('Current password').fill('not the password at all');
    await page.getByLabel('New password').fill('short');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('alert').waitFor();
    await look('account-wrong');
    await page.goto(`${world.places.auth}/auth/sign-out`);
    await look('sign-out');
    await page.goto(`${world.places.auth}/auth/account/nothing-here`);
    await look('not-found');

    assert.deepEqual(problems, {});
    assert.deepEqual(device.console.filter((line) => /Content Security Policy|uncaught/.test(line)), []);
  });

  proof(`everybody can use the dialog: ${screen}`, SETTINGS, async (world) => {
    const device = await world.device(options);
    await device.signIn('ada');
    const tab = await device.tab();
    await world.service.signOutElsewhere('ada');
    await tab.begin('waiting');
    await tab.dialog.waitFor();

    const open = await inspect(tab.page, `dialog-${screen}`);
    await tab.signInByDialog('not the password at all');
    await tab.dialog.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
    const wrong = await inspect(tab.page, `dialog-wrong-${screen}`);

    assert.deepEqual({ open, wrong }, { open: [], wrong: [] });
    assert.deepEqual(device.console.filter((line) => /Content Security Policy|uncaught/.test(line)), []);
  });
}

/** Fills the list of devices. */
async function signInSomewhere(world, name) {
  const agents = {
    iPhone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
    Firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0',
  };
  await (await world.device({ userAgent: agents[name] })).signIn('ada');
}

async function signIn(page, name, secret) {
  await page.getByLabel('User name or e-mail address').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Sign in' }).click()]);
}
