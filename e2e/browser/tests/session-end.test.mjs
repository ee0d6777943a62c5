import assert from 'node:assert/strict';

import { proof } from '../harness/proof.mjs';
import { pause, until } from '../harness/until.mjs';

const PICTURE = { name: 'broken-lamp.png', mimeType: 'image/png', buffer: Buffer.from(Array(50_000).fill(0x2a)) };

proof('a form with an upload survives the end of the session and is sent once', {}, async (world) => {
  const tab = await filledForm(world);

  await world.service.signOutElsewhere('ada');
  await tab.page.getByRole('button', { name: 'Send' }).click();
  await tab.dialog.waitFor();

  assert.equal(await tab.state(), 'expired');
  assert.deepEqual(world.api.reports, [], 'nothing has arrived yet');
  assert.equal(await tab.page.getByLabel('Text').inputValue(), 'It fell from the desk.', 'nothing typed is lost');

  await tab.signInByDialog();
  await until('the report is sent', () => world.api.reports.length > 0);
  await tab.page.getByText('Outcome: 201').waitFor();

  assert.equal(world.api.reports.length, 1);
  const [report] = world.api.reports;
  assert.equal(report.user, 'ada');
  assert.ok(report.body.includes(PICTURE.buffer), 'the file is in it, whole');
  assert.ok(report.body.includes('It fell from the desk.'));
  assert.match(report.key, /\S{16,}/, 'and it names itself, so that it cannot be taken twice');
  assert.equal(await tab.state(), 'in');
  assert.deepEqual((await tab.events()).slice(-2), ['expired', 'restored']);
  assert.equal(await tab.focused(), 'Send', 'the focus is back where it was');
});

proof('the dialog says what is wrong with a password, and takes the next one', {}, async (world) => {
  const tab = await filledForm(world);
  await world.service.signOutElsewhere('ada');
  await tab.page.getByRole('button', { name: 'Send' }).click();
  await tab.dialog.waitFor();

  await tab.signInByDialog('not the password at all');
  await tab.dialog.getByRole('alert').filter({ hasText: /\w/ }).waitFor();

  assert.equal(await tab.state(), 'expired');
  await tab.signInByDialog();
  await tab.page.getByText('Outcome: 201').waitFor();
  assert.equal(world.api.reports.length, 1);
});

proof('one sign-in brings back every tab, and every call that waited', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const tabs = await device.tabs(4);
  await world.service.signOutElsewhere('ada');
  for (const tab of tabs) await tab.begin('waiting');
  await Promise.all(tabs.map((tab) => tab.becomes('expired')));

  await tabs[2].signInByDialog();

  const outcomes = await Promise.all(tabs.map((tab) => tab.outcome('waiting')));
  assert.deepEqual(outcomes, Array(4).fill({ status: 200 }));
  await Promise.all(tabs.map((tab) => tab.dialog.waitFor({ state: 'hidden' })));
});

proof('when another person signs in, nothing of the first is sent', {}, async (world) => {
  const tab = await filledForm(world);
  await world.service.signOutElsewhere('ada');
  await tab.page.getByRole('button', { name: 'Send' }).click();
  await tab.becomes('expired');

  await tab.device.signIn('ben');

  await tab.page.getByText('Outcome: user_changed').waitFor();
  assert.deepEqual(world.api.reports, []);
  assert.equal(await tab.user(), 'ben');
  assert.ok((await tab.events()).includes('userchanged'));
  assert.deepEqual(await tab.call(), { status: 200, body: { user: 'ben' } }, 'and ben works with it as ben');
});

proof('the Escape key does not show one person what another was doing', {}, async (world) => {
  const tab = await filledForm(world);

  await tab.device.signIn('ben');
  await tab.dialog.waitFor();
  // Browsers close a dialog at the second or third of them, whatever the page says.
  for (let presses = 0; presses < 5; presses += 1) {
    await tab.page.keyboard.press('Escape');
    await pause(100);
  }

  assert.equal(await tab.dialog.isVisible(), true);
});

proof('who closes the dialog finds the way back to it', {}, async (world) => {
  const tab = await filledForm(world);
  await world.service.signOutElsewhere('ada');
  await tab.page.getByRole('button', { name: 'Send' }).click();
  await tab.dialog.waitFor();
  for (let presses = 0; presses < 4; presses += 1) {
    await tab.page.keyboard.press('Escape');
    await pause(100);
  }

  await tab.page.locator('auth-dialog').getByRole('button', { name: /sign in/i }).first().click();
  await tab.signInByDialog();

  await tab.page.getByText('Outcome: 201').waitFor();
  assert.equal(world.api.reports.length, 1);
});

proof('who leaves the dialog for another account loses what waited, and nothing is sent', {}, async (world) => {
  const tab = await filledForm(world);
  await world.service.signOutElsewhere('ada');
  await tab.page.getByRole('button', { name: 'Send' }).click();
  await tab.dialog.waitFor();

  await tab.dialog.getByText(/somebody else|someone else|another/i).click();
  await tab.page.waitForURL(/\/auth\/sign-in/);

  assert.deepEqual(world.api.reports, []);
});

proof('no more calls wait than the app allows', {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const tab = await device.tab({ maxParked: 2 });
  await world.service.signOutElsewhere('ada');
  await tab.begin('first');
  await tab.becomes('expired');
  await tab.begin('second');
  await tab.begin('third');

  assert.deepEqual(await tab.outcome('third'), { error: 'too_many_parked' });
  await tab.signInByDialog();
  assert.deepEqual([await tab.outcome('first'), await tab.outcome('second')], [{ status: 200 }, { status: 200 }]);
});

proof("a refusal of the app's own is the app's", {}, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const tab = await device.tab();
  const asked = world.front.record.length;

  const reply = await tab.call('/api/own-401');

  assert.deepEqual(reply, { status: 401, body: { code: 'pin_required' } });
  assert.equal(await tab.state(), 'in');
  assert.equal(world.front.record.length, asked, 'the auth service was not even asked');
});

for (const secure of [false, true]) {
  const where = secure ? 'over https' : 'on localhost';

  proof(`who leaves for the sign-in page finds everything as it was, ${where}`, { secure }, async (world) => {
    const tab = await filledForm(world, { dialog: 'own' });
    await world.service.signOutElsewhere('ada');
    await tab.begin('waiting');
    await tab.becomes('expired');

    await tab.leave();
    await tab.signInByPage('ada');
    await tab.page.waitForURL(`${world.places.app}/**`);
    await tab.ready();

    await until('it is typed again', async () => (await tab.page.getByLabel('Title').inputValue()) === 'A broken lamp');
    assert.equal(await tab.page.getByLabel('Text').inputValue(), 'It fell from the desk.');
    assert.equal(await tab.user(), 'ada');
    const kept = await tab.page.evaluate(() => Object.keys(sessionStorage));
    assert.deepEqual(kept, [], 'and nothing of it is left lying about');
  });
}

proof('what was typed comes back to nobody else', { secure: true }, async (world) => {
  const tab = await filledForm(world, { dialog: 'own' });
  await world.service.signOutElsewhere('ada');
  await tab.begin('waiting');
  await tab.becomes('expired');

  await tab.leave();
  await tab.signInByPage('ben');
  await tab.page.waitForURL(`${world.places.app}/**`);
  await tab.ready();

  await tab.page.getByText('The secret of ben').waitFor();
  assert.equal(await tab.page.getByLabel('Title').inputValue(), '');
  assert.deepEqual(await tab.page.evaluate(() => Object.keys(sessionStorage)), []);
});

async function filledForm(world, query = {}) {
  const device = await world.device();
  await device.signIn('ada');
  const tab = await device.tab({}, query);
  await tab.page.getByLabel('Title').fill('A broken lamp');
  await tab.page.getByLabel('Text').fill('It fell from the desk.');
  await tab.page.getByLabel('Attachment').setInputFiles(PICTURE);
  return tab;
}
