import assert from 'node:assert/strict';

import { Demo } from '../harness/demo.mjs';
import { inspect, SCREENS } from '../harness/looks.mjs';
import { proof } from '../harness/proof.mjs';
import { until } from '../harness/until.mjs';

const OFFER = { name: 'offer.txt', mimeType: 'text/plain', buffer: Buffer.from('Six lamps, 20 each.') };

demoed("the demo's order form survives the end of the session, and the order is placed once", {}, async (demo) => {
  const page = await demo.visit('ben');
  const before = await orders(page);
  await page.getByRole('link', { name: 'New order' }).first().click();
  await page.getByLabel('Item').fill('Desk lamp');
  await page.getByLabel(/^Offer or drawing/).setInputFiles(OFFER);

  await demo.signOutElsewhere('ben');
  await page.getByRole('button', { name: 'Order', exact: true }).click();
  await page.getByRole('dialog').waitFor();
  assert.equal(await page.getByLabel('Item').inputValue(), 'Desk lamp');
  await signInAgain(page, demo.password('ben'));

  await page.getByRole('heading', { name: /^Order \d+/ }).waitFor();
  await page.getByText('offer.txt').first().waitFor();
  assert.equal((await orders(page)) - before, 1);
});

demoed('what was typed in the demo is not there for the next person', {}, async (demo) => {
  const page = await demo.visit('ben');
  await page.getByRole('link', { name: 'New order' }).first().click();
  await page.getByLabel('Item').fill('A secret gift');

  await page.getByRole('button', { name: 'Sign out' }).first().click();
  await demo.signIn(page, 'emil');

  await page.getByRole('link', { name: 'New order' }).first().click();
  assert.equal(await page.getByLabel('Item').inputValue(), '');
});

demoed('an order appears on the pages of colleagues, and nowhere else', {}, async (demo) => {
  const [ada, ben, dora] = await Promise.all(['ada', 'ben', 'dora'].map((name) => demo.visit(name)));
  await ben.getByRole('link', { name: 'New order' }).first().click();
  await ben.getByLabel('Item').fill('Left-handed ruler');
  await ben.getByRole('button', { name: 'Order', exact: true }).click();
  await ben.getByRole('heading', { name: /^Order \d+/ }).waitFor();

  await ada.getByRole('link', { name: 'Left-handed ruler' }).waitFor();
  assert.equal(await dora.getByText('Left-handed ruler').count(), 0);
});

demoed('the demo goes on through the end of its tokens', { TOKENS_LIFETIME: '6s' }, async (demo) => {
  const page = await demo.visit('ada');
  const refreshed = [];
  page.on('response', (reply) => {
    if (reply.request().method() === 'POST' && reply.url().endsWith('/auth/refresh')) refreshed.push(reply.status());
  });

  await until('it has refreshed twice', () => refreshed.length >= 2, 20_000);

  assert.deepEqual([...new Set(refreshed)], [200]);
  assert.equal(await page.getByRole('dialog').count(), 0);
  const ben = await demo.visit('ben');
  await ben.getByRole('link', { name: 'New order' }).first().click();
  await ben.getByLabel('Item').fill('Stapler');
  await ben.getByRole('button', { name: 'Order', exact: true }).click();
  await page.getByRole('link', { name: 'Stapler' }).waitFor();
});

for (const [screen, options] of Object.entries(SCREENS)) {
  demoed(`everybody can use the demo: ${screen}`, {}, async (demo) => {
    const device = await demo.device(options);
    const page = await device.page(`${demo.places.app}/`);
    const problems = {};
    const look = async (name) => {
      const found = await inspect(page, `demo-${name}-${screen}`);
      if (found.length > 0) problems[name] = found;
    };

    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await look('signed-out');
    await demo.signIn(page, 'ada');
    await page.getByRole('cell').first().waitFor();
    await look('orders');
    for (const name of ['New order', 'Profile', 'Devices', 'Try it']) {
      await page.getByRole('navigation').getByRole('link', { name }).click();
      await page.getByRole('heading', { level: 1, name: name === 'Devices' ? /signed in/ : name }).waitFor();
      await page.waitForLoadState('networkidle');
      await look(name.toLowerCase().replace(' ', '-'));
    }

    assert.deepEqual(problems, {});
    assert.deepEqual(device.console.filter((line) => /Content Security Policy|uncaught/.test(line)), []);
  });
}

function demoed(name, settings, story) {
  proof(name, { settings }, story, Demo);
}

async function signInAgain(page, password) {
  const field = page.getByRole('dialog').locator('input[type=password]');
  await field.fill(password);
  await field.press('Enter');
}

/** How many orders there are, by the page itself. */
async function orders(page) {
  await page.getByRole('link', { name: 'Orders', exact: true }).click();
  await page.getByRole('cell').first().waitFor();
  return page.locator('tbody tr').count();
}
