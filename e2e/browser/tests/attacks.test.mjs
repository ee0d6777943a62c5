import assert from 'node:assert/strict';

import { Attacker } from '../harness/attacker.mjs';
import { proof } from '../harness/proof.mjs';
import { PASSWORD } from '../harness/service.mjs';
import { until } from '../harness/until.mjs';
import { HOST } from '../harness/world.mjs';

const ATTACKERS = [
  { who: 'a page of another site', host: 'evil.elsewhere.test', secure: true, site: 'cross-site', hasCookies: false },
  { who: 'a sibling subdomain', host: 'evil.handstamp.test', secure: true, site: 'same-site', hasCookies: true },
  { who: 'another port of the same host', host: HOST, secure: true, site: 'same-site', hasCookies: true },
  { who: 'another port of localhost', host: 'localhost', secure: false, site: 'same-site', hasCookies: true },
];

const MALLORY = { login: 'mallory', password: PASSWORD };

/** Everything that acts for whoever is signed in, or makes a browser somebody's. */
const DOORS = [
  ['/auth/sign-out', { scope: 'everywhere' }],
  ['/auth/sign-in', MALLORY],
  ['/auth/refresh', {}],
  ['/auth/session', {}],
  ['/auth/sessions/end-others', {}],
  ['/auth/change-password', { current_password: PASSWORD, new_password: 'a password that mallory knows' }],
  ['/auth/account/end-others', {}],
  ['/auth/account/change-password', { current_password: PASSWORD, new_password: 'a password that mallory knows' }],
  ['/api/reports', { title: 'in your name' }],
];

for (const { who, host, secure, site, hasCookies } of ATTACKERS) {
  const victim = async (world) => {
    const device = await world.device();
    await device.signIn('ada');
    return { device, attacker: await Attacker.lure(device, host, { secure }) };
  };
  const settings = { secure, users: ['ada', 'mallory'] };

  proof(`${who} changes nothing by links and forms`, settings, async (world) => {
    const { device, attacker } = await victim(world);
    const before = await standing(world, device);

    const hidden = [];
    for (const [path, fields] of DOORS) {
      const url = base(world, path) + path;
      await attacker.visit(url);
      await attacker.form(url, fields);
      hidden.push({ url, fields, enctype: 'multipart/form-data' }, { url, ...spelledAsJson(fields) });
    }
    await attacker.forms(hidden);

    const forms = await arrived(world, 3 * DOORS.length, ({ mode }) => mode === 'navigate');
    assert.deepEqual(forms.filter((form) => !isRefused(form)), []);
    assert.deepEqual([...new Set(forms.map((seen) => seen.site))], [site]);
    assert.equal(forms.some(({ cookie }) => cookie?.includes('Host-Http-at')), hasCookies);
    assert.deepEqual(await standing(world, device), before);
  });

  proof(`${who} changes nothing by scripts`, settings, async (world) => {
    const { device, attacker } = await victim(world);
    const before = await standing(world, device);

    for (const [path, fields] of DOORS) {
      const url = base(world, path) + path;
      const body = JSON.stringify(fields);
      const headers = { 'content-type': 'application/json', 'x-handstamp': '1' };
      assert.deepEqual(await attacker.script(url, { method: 'POST', headers, body }), { blocked: true }, path);
      assert.deepEqual(await attacker.script(url, { method: 'POST', body }), { blocked: true }, path);
      const blind = await attacker.script(url, { method: 'POST', mode: 'no-cors', body });
      assert.ok(blind.blocked || blind.type === 'opaque', path);
      assert.deepEqual(await attacker.script(url, { method: 'DELETE' }), { blocked: true }, path);
      await attacker.page.evaluate(([url, body]) => navigator.sendBeacon(url, body), [url, body]);
    }
    // The beacon and the blind call of each; preflights asked in vain before the others.
    const blind = await arrived(world, 2 * DOORS.length, ({ mode }) => mode === 'no-cors');

    assert.deepEqual(blind.filter((call) => !isRefused(call)), []);

    assert.deepEqual(await standing(world, device), before);
  });

  proof(`${who} reads nothing`, settings, async (world) => {
    const { attacker } = await victim(world);
    const secrets = ['/auth/whoami', '/auth/sessions', '/auth/account', '/api/echo'];

    for (const path of secrets) {
      const url = base(world, path) + path;
      assert.deepEqual(await attacker.script(url), { blocked: true }, path);
      const blind = await attacker.script(url, { mode: 'no-cors' });
      assert.ok(blind.blocked || (blind.type === 'opaque' && blind.text === ''), path);
      assert.deepEqual(await attacker.included(url), { script: 'error', image: 'error', style: 'error' }, path);
    }
    for (const path of ['/auth/sign-in', '/auth/account', '/auth/whoami']) {
      assert.equal(await attacker.framed(world.places.auth + path), 'refused', path);
    }
    const readable = await attacker.page.evaluate(() => document.cookie);
    assert.doesNotMatch(readable, /eyJ|hsr_/);
  });

  proof(`${who} has no hold on a window it opens`, settings, async (world) => {
    const { device, attacker } = await victim(world);

    const opened = device.context.waitForEvent('page');
    await attacker.page.evaluate((url) => (window.prey = window.open(url)), `${world.places.auth}/auth/account`);
    await (await opened).waitForURL(/account|sign-in/);

    await attacker.page.waitForFunction(() => window.prey.closed, null, { timeout: 5_000 });
    assert.equal(await (await opened).evaluate(() => window.opener), null);
  });
}

proof('nobody can sign a visitor in as themselves', { secure: true, users: ['mallory'] }, async (world) => {
  const device = await world.device();
  for (const host of ['evil.elsewhere.test', 'evil.handstamp.test', HOST]) {
    const attacker = await Attacker.lure(device, host, { secure: true });
    const url = `${world.places.auth}/auth/sign-in`;
    await attacker.form(url, MALLORY);
    await attacker.form(`${url}?return_to=/`, MALLORY);
    await attacker.script(url, { method: 'POST', mode: 'no-cors', body: JSON.stringify(MALLORY) });
  }

  assert.deepEqual(await world.service.sessions('mallory'), []);
  assert.equal(await device.cookie('__Host-Http-at'), undefined);
});

function base(world, path) {
  return path.startsWith('/api/') ? world.places.api : world.places.auth;
}

/** What an attack would change. */
async function standing(world, device) {
  const sids = async (name) => (await world.service.sessions(name)).map(({ sid }) => sid);
  const cookies = (await device.context.cookies()).map(({ name, value }) => `${name}=${value}`).sort();
  const { reports } = world.api;
  const refreshes = await world.service.refreshes();
  return { ada: await sids('ada'), mallory: await sids('mallory'), cookies, reports: reports.length, refreshes };
}

/** Whoever is nobody is sent to the sign-in page by what people use. */
function isRefused({ status, location }) {
  return status >= 400 || (status === 303 && location.startsWith('/auth/sign-in'));
}

/** A form can spell JSON, if nobody looks at the media type. */
function spelledAsJson(fields) {
  const open = JSON.stringify({ ...fields, rest: '' }).slice(0, -2);
  return { fields: { [open]: '"}' }, enctype: 'text/plain' };
}

/** Waits until so many unsafe requests of a kind were answered, and returns them. */
async function arrived(world, count, isOfKind) {
  const answered = () =>
    world.fronts
      .flatMap(({ record }) => record)
      .filter(({ method, status }) => method === 'POST' && status)
      .map(({ path, status, location, headers }) => {
        const { 'sec-fetch-site': site, 'sec-fetch-mode': mode, cookie } = headers;
        return { path, status, location, site, mode, cookie };
      })
      .filter(isOfKind);
  await until(`${count} requests arrived`, () => answered().length >= count);
  return answered();
}
