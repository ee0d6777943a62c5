import assert from 'node:assert/strict';

import { Attacker } from '../harness/attacker.mjs';
import { proof } from '../harness/proof.mjs';

const SIBLING = 'evil.handstamp.test';
const WORLD = { secure: true, users: ['ada', 'mallory'] };

proof('a refresh token that a sibling subdomain planted makes nobody somebody else', WORLD, async (world) => {
  const { device, page } = await victim(world);
  const planted = await tokenOf(world, 'mallory');

  await plant(device, `__Secure-rt=${planted}; Domain=handstamp.test; Path=/auth; Secure`);

  const held = (await device.context.cookies()).filter(({ name }) => name === '__Secure-rt');
  assert.equal(held.length, 2, 'the browser has taken it: it is the service that must not');
  assert.deepEqual(await ask(page, 'POST', '/auth/refresh'), { status: 401, user: undefined });
  assert.deepEqual(await ask(page, 'GET', '/auth/whoami'), { status: 200, user: 'ada' });
  assert.equal((await world.service.sessions('mallory')).length, 1);
});

proof('a planted refresh token signs nobody in', WORLD, async (world) => {
  const device = await world.device();
  const planted = await tokenOf(world, 'mallory');

  await plant(device, `__Secure-rt=${planted}; Domain=handstamp.test; Path=/auth; Secure`);

  const page = await device.page(`${world.places.app}/places.json`);
  assert.equal((await ask(page, 'POST', '/auth/session')).status, 401);
  assert.equal((await ask(page, 'POST', '/auth/refresh')).status, 401);
});

proof('whoever was planted upon can still sign out', WORLD, async (world) => {
  const { device, page } = await victim(world);
  await plant(device, `__Secure-rt=${await tokenOf(world, 'mallory')}; Domain=handstamp.test; Path=/auth; Secure`);

  assert.equal((await ask(page, 'POST', '/auth/sign-out')).status, 200);

  assert.deepEqual(await world.service.sessions('ada'), []);
  assert.equal((await ask(page, 'GET', '/auth/whoami')).status, 401);
});

proof('no page can plant an access token', WORLD, async (world) => {
  const { device, page } = await victim(world);
  const token = await tokenOf(world, 'mallory', '__Host-Http-at');
  const genuine = await device.cookie('__Host-Http-at');

  for (const attributes of ['Domain=handstamp.test; Path=/; Secure', 'Path=/; Secure', 'Path=/auth; Secure']) {
    await plant(device, `__Host-Http-at=${token}; ${attributes}`);
    await plantByScript(device, `__Host-Http-at=${token}; ${attributes}`);
  }
  // Not even the app's own page can: whoever smuggles a script in cannot swap the session.
  await page.evaluate((cookie) => (document.cookie = cookie), `__Host-Http-at=${token}; Path=/; Secure`);

  const held = await device.context.cookies(world.places.app);
  const access = held.filter(({ name }) => name === '__Host-Http-at');
  assert.deepEqual(access.map(({ value }) => value), [genuine.value]);
  assert.deepEqual(await ask(page, 'GET', '/auth/whoami'), { status: 200, user: 'ada' });
});

proof('a flood of cookies from a sibling subdomain signs nobody out', WORLD, async (world) => {
  const { device, page } = await victim(world);

  // Browsers keep about 180 cookies for a site, and throw out by priority.
  const sibling = await Attacker.lure(device, SIBLING, { secure: true });
  await sibling.page.evaluate(() => {
    for (let i = 0; i < 400; i += 1) document.cookie = `flood${i}=x; Domain=handstamp.test; Path=/; Secure`;
  });

  const left = (await device.context.cookies()).filter(({ name }) => name.startsWith('flood'));
  assert.ok(left.length < 400, `the browser has thrown some out: ${left.length} are left`);
  assert.deepEqual(await ask(page, 'GET', '/auth/whoami'), { status: 200, user: 'ada' });
  assert.deepEqual(await ask(page, 'POST', '/auth/refresh'), { status: 200, user: 'ada' });
});

proof('a hint that a sibling subdomain planted costs nobody their work', WORLD, async (world) => {
  const device = await world.device();
  await plant(device, 'auth_hint=1.0.out; Domain=handstamp.test; Path=/; Secure');
  await device.signIn('ada');
  const tab = await device.tab();
  assert.deepEqual(await tab.call(), { status: 200, body: { user: 'ada' } });
  await world.service.signOutElsewhere('ada');

  await tab.begin('waiting');
  await tab.becomes('expired');
  await tab.signInByDialog();

  assert.deepEqual(await tab.outcome('waiting'), { status: 200 });
});

proof('a hint that is planted into a session neither ends nor hides it', WORLD, async (world) => {
  const device = await world.device();
  await device.signIn('ada');
  const [tab, other] = await device.tabs(2);

  await plant(device, 'auth_hint=1.0.out; Domain=handstamp.test; Path=/; Secure');

  assert.deepEqual(await tab.call(), { status: 200, body: { user: 'ada' } });
  assert.equal(await tab.state(), 'in');
  await tab.page.evaluate(() => window.auth.signOut());
  await other.becomes('out');
});

async function victim(world) {
  const device = await world.device();
  await device.signIn('ada');
  return { device, page: await device.page(`${world.places.app}/places.json`) };
}

/** Returns a token of somebody's own session: attackers have accounts too. */
async function tokenOf(world, name, cookie = '__Secure-rt') {
  const device = await world.device();
  await device.signIn(name);
  return (await device.cookie(cookie)).value;
}

/** Lets a sibling subdomain set a cookie by a header. */
async function plant(device, cookie) {
  const answer = (_, response) => response.writeHead(200, { 'set-cookie': cookie }).end();
  const front = await device.world.stranger(answer, { secure: true });
  const page = await device.page(`${front.origin(SIBLING)}/`);
  await page.close();
}

/** Lets a sibling subdomain set a cookie by a script. */
async function plantByScript(device, cookie) {
  const sibling = await Attacker.lure(device, SIBLING, { secure: true });
  await sibling.page.evaluate((cookie) => (document.cookie = cookie), cookie);
  await sibling.page.close();
}

/** Asks as the app's own page does. */
function ask(page, method, path) {
  return page.evaluate(
    async ([method, path]) => {
      const reply = await fetch(path, { method, headers: method === 'POST' ? { 'content-type': 'application/json' } : {} });
      const body = await reply.json();
      return { status: reply.status, user: body.preferred_username };
    },
    [method, path],
  );
}
