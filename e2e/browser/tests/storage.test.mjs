import assert from 'node:assert/strict';

import { proof } from '../harness/proof.mjs';

for (const secure of [false, true]) {
  const where = secure ? 'over https' : 'on plain http://localhost';

  proof(`a whole session ${where}, and no script has seen a token`, { secure }, async (world) => {
    const device = await world.device();
    const tab = await device.tab();
    const answers = watch(tab.page);
    const tokens = new Set();
    const readable = [];
    const look = async () => {
      for (const { name, value } of await device.context.cookies()) if (/-at|-rt/.test(name)) tokens.add(value);
      readable.push(await everything(tab.page));
    };

    await tab.signIn('ada');
    await look();
    assert.deepEqual(await tab.call(), { status: 200, body: { user: 'ada' } });
    await tab.page.evaluate(() => window.auth.refresh());
    await look();
    await world.service.signOutElsewhere('ada');
    await tab.begin('waiting');
    await tab.becomes('expired');
    await look();
    await tab.signInByDialog();
    assert.deepEqual(await tab.outcome('waiting'), { status: 200 });
    await look();
    await tab.page.evaluate(() => window.auth.signOut({ everywhere: true }));
    await look();

    assert.equal(await tab.state(), 'out');
    assert.ok([...tokens].filter(Boolean).length >= 4, 'there were tokens: two of each sign-in at least');
    const seen = [...readable, ...(await answers())].join('\n');
    assert.match(seen, /auth_hint/, 'what scripts can read was read');
    assert.match(seen, /preferred_username/, 'and what the service answers');
    for (const token of tokens) if (token) assert.ok(!seen.includes(token), 'a token can be read');
    assert.doesNotMatch(seen, /hsr_|eyJ[\w-]{20}/);
    const left = (await device.context.cookies()).filter(({ name, value }) => /-at|-rt/.test(name) && value);
    assert.deepEqual(left, [], 'after the sign-out the tokens are gone');
  });

  proof(`cookies are kept as strictly as the browser can, ${where}`, { secure }, async (world) => {
    const device = await world.device();
    await (await device.tab()).signIn('ada');

    const port = secure ? '' : `-${new URL(world.places.auth).port}`;
    const cookies = Object.fromEntries((await device.context.cookies()).map((cookie) => [cookie.name, cookie]));
    assert.deepEqual(Object.keys(cookies).sort(), [`__Host-Http-at${port}`, `__Secure-rt${port}`, `auth_hint${port}`].sort());
    const kept = ({ secure, httpOnly, sameSite, path }) => ({ secure, httpOnly, sameSite, path });
    assert.deepEqual(kept(cookies[`__Host-Http-at${port}`]), { secure: true, httpOnly: true, sameSite: 'Lax', path: '/' });
    assert.deepEqual(kept(cookies[`__Secure-rt${port}`]), { secure: true, httpOnly: true, sameSite: 'Strict', path: '/auth' });
    assert.deepEqual(kept(cookies[`auth_hint${port}`]), { secure: true, httpOnly: false, sameSite: 'Lax', path: '/' });
  });
}

/** Collects the bodies, headers and addresses that the page's scripts can get. */
function watch(page) {
  const texts = [];
  page.on('requestfinished', (request) => texts.push(describe(request)));
  return () => Promise.all(texts);
}

async function describe(request) {
  const reply = await request.response();
  const headers = await reply.headersArray();
  // `Set-Cookie` is the one header that the browser keeps from every script.
  const others = headers.filter(({ name }) => name.toLowerCase() !== 'set-cookie');
  const body = await reply.text().catch(() => '');
  return [request.url(), body, ...others.map(({ name, value }) => `${name}: ${value}`)].join('\n');
}

/** Returns everything that a script of the page can read without asking the network. */
function everything(page) {
  return page.evaluate(async () => {
    const databases = await indexedDB.databases();
    const cached = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    const cookies = 'cookieStore' in window ? await cookieStore.getAll() : [];
    const { user, snapshot } = window.auth;
    return JSON.stringify([
      document.cookie,
      cookies.map(({ name, value }) => [name, value]),
      { ...localStorage },
      { ...sessionStorage },
      databases,
      cached.flat().map(({ url }) => url),
      [location.href, history.state, window.name, document.referrer],
      document.documentElement.outerHTML,
      [user, snapshot()],
      performance.getEntriesByType('resource').map(({ name }) => name),
    ]);
  });
}
