import assert from 'node:assert/strict';

import { inspect, SCREENS } from '../harness/looks.mjs';
import { proof } from '../harness/proof.mjs';
import { PASSWORD } from '../harness/service.mjs';
import { Upstream } from '../harness/upstream.mjs';

const SECURE = { secure: true, upstream: true };

for (const javaScriptEnabled of [true, false]) {
  proof(`one signs in through another server ${javaScriptEnabled ? 'with' : 'without'} JavaScript and lands where one was going`, SECURE, async (world) => {
    const page = await visit(world, '/auth/sign-in?return_to=/places.json', { javaScriptEnabled });

    await button(page).click();
    await page.waitForURL(`${world.upstream.origin}/**`);
    await Upstream.signIn(page, 'ann');

    await page.waitForURL(`${world.places.app}/places.json`);
    await page.goto(`${world.places.auth}/auth/account`);
    await page.getByText('You are signed in as ann.').waitFor();
  });
}

proof('an app on another port has its user back after the sign-in', { upstream: true }, async (world) => {
  const device = await world.device();
  const tab = await device.tab();
  assert.equal(await tab.state(), 'out');

  await tab.leave();
  await button(tab.page).click();
  await Upstream.signIn(tab.page, 'ann');

  await tab.page.waitForURL(`${world.places.app}/**`);
  await tab.ready();
  assert.equal(await tab.user(), 'ann');
  assert.equal((await tab.call()).status, 200);
});

proof('whoever has a password here connects the other account, and disconnects it', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/auth/account');
  await page.getByLabel('User name or e-mail address').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();

  await page.getByRole('link', { name: 'Connect Acme' }).click();
  await Upstream.signIn(page, 'a.lovelace');
  await page.getByText('The account is connected.').waitFor();

  const elsewhere = await visit(world, '/auth/login/acme?return_to=/auth/account');
  await Upstream.signIn(elsewhere, 'a.lovelace');
  await elsewhere.getByText('You are signed in as ada.').waitFor();
  await page.getByRole('button', { name: 'Disconnect Acme' }).click();
  await page.getByText('The account is not connected any more.').waitFor();
  await elsewhere.reload();
  await elsewhere.waitForURL(`${world.places.auth}/auth/sign-in**`);
});

proof('whoever signs out is told that they are still signed in there, and can change it', SECURE, async (world) => {
  const page = await visit(world, '/auth/login/acme?return_to=/auth/account');
  await Upstream.signIn(page, 'ann');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You are still signed in at Acme.').waitFor();

  await page.getByRole('link', { name: 'Sign out at Acme' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${world.places.auth}/auth/sign-in`);

  await button(page).click();
  await page.getByText('Sign in to Acme').waitFor();
});

proof('eight tabs that sign in at the same moment all get where they were going', SECURE, async (world) => {
  const device = await world.device();
  const pages = await Promise.all(Array.from({ length: 8 }, () => device.page()));
  // Whoever is signed in there already is not asked: the tabs race through all redirects at once.
  await pages[0].goto(`${world.places.auth}/auth/login/acme?return_to=/places.json`);
  await Upstream.signIn(pages[0], 'ann');
  await pages[0].waitForURL('**/places.json');

  await Promise.all(pages.map((page, i) => page.goto(`${world.places.auth}/auth/login/acme?return_to=/places.json%3Ftab%3D${i}`)));

  assert.deepEqual(pages.map((page) => page.url()), pages.map((_, i) => `${world.places.app}/places.json?tab=${i}`));
  assert.equal(await device.cookie('__Host-login'), undefined, 'nothing is pending any more');
});

proof('whoever cancels, goes back and tries again gets in', SECURE, async (world) => {
  const page = await visit(world, '/auth/sign-in?return_to=/places.json');
  await button(page).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(`${world.places.auth}/**`);

  await page.evaluate(() => history.go(-2));
  await page.waitForURL(`${world.places.auth}/auth/sign-in**`, { waitUntil: 'commit' });
  await button(page).click();
  await Upstream.signIn(page, 'ann');

  await page.waitForURL(`${world.places.app}/places.json`);
});

for (const [screen, options] of Object.entries(SCREENS)) {
  proof(`everybody can use the pages around another server: ${screen}`, SECURE, async (world) => {
    const device = await world.device(options);
    const page = await device.page(`${world.places.auth}/auth/sign-in?return_to=/auth/account`);
    const problems = {};
    const look = async (name) => {
      const found = await inspect(page, `upstream-${name}-${screen}`);
      if (found.length > 0) problems[name] = found;
    };

    await look('sign-in');
    await button(page).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForURL(`${world.places.auth}/**`);
    await look('cancelled');
    await page.goto(`${world.places.auth}/auth/callback/acme?code=a&state=b`);
    await look('foreign');
    await page.goto(`${world.places.auth}/auth/sign-in?return_to=/auth/account`);
    await button(page).click();
    await Upstream.signIn(page, 'ann');
    await page.getByText('You are signed in as ann.').waitFor();
    await look('account');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('You are still signed in at Acme.').waitFor();
    await look('signed-out');

    assert.deepEqual(problems, {});
    assert.deepEqual(device.console.filter((line) => /Content Security Policy|uncaught/.test(line)), []);
  });
}

function button(page) {
  return page.locator('a[href*="/auth/login/acme"]');
}

async function visit(world, path, options) {
  return (await world.device(options)).page(world.places.auth + path);
}
