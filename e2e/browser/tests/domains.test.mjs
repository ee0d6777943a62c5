import assert from 'node:assert/strict';

import { Domains, who } from '../harness/domains.mjs';
import { inspect, SCREENS } from '../harness/looks.mjs';
import { proof as proofOf } from '../harness/proof.mjs';
import { PASSWORD } from '../harness/service.mjs';
import { until } from '../harness/until.mjs';

const OVER = 'This sign-in is over';

const proof = (name, story) => proofOf(name, {}, story, Domains);

proof('one sign-in and one sign-out for domains that share nothing', async (domains) => {
  const { home, shop, blog } = domains.origins;
  const device = await domains.device();
  const page = await device.page(`${shop}/cart`);

  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.waitForURL(`${home}/auth/sign-in**`);
  await signIn(page);
  await page.waitForURL(`${shop}/cart`);
  // Nobody is asked a second time.
  await page.goto(`${blog}/posts`);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.waitForURL(`${blog}/posts`);

  const told = await Promise.all([home, shop, blog].map((origin) => who(device, origin)));
  assert.deepEqual(told.map((claims) => claims.preferred_username), ['ada', 'ada', 'ada']);
  assert.equal(new Set(told.map(({ sid }) => sid)).size, 3, 'each domain has a session of its own');
  const cookies = await device.context.cookies();
  for (const host of ['app.one.test', 'shop.two.test', 'blog.three.test']) {
    const own = cookies.filter(({ domain }) => domain === host);
    const closed = own.filter(({ name, secure, httpOnly }) => name.startsWith('__Host-Http-') && secure && httpOnly);
    assert.deepEqual(closed.map(({ name }) => name).sort(), ['__Host-Http-at', '__Host-Http-rt'], JSON.stringify(own));
  }
  assert.deepEqual(cookies.filter(({ domain }) => domain.startsWith('.')), [], 'no cookie is for more than one host');
  assert.deepEqual(cookies.filter(({ name }) => name.includes('login')), [], 'nothing is pending any more');

  await signOut(page, shop);

  for (const origin of [home, shop, blog]) {
    await until(`nobody is signed in at ${origin}`, async () => (await who(device, origin)) === 401);
  }
  await page.goto(`${blog}/auth/sign-in?return_to=/posts`);
  await page.getByLabel('Password', { exact: true }).waitFor();
  assert.ok(page.url().startsWith(`${home}/auth/sign-in`), 'the next sign-in asks for the password');
});

proof('a sign-in is carried by going there: no frame, no script and no cookie of a third party takes part', async (domains) => {
  const { home, shop } = domains.origins;
  const device = await domains.device();
  const page = await device.page(`${shop}/`);
  domains.requests.length = 0;

  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.waitForURL(`${home}/auth/sign-in**`);
  await signIn(page);
  await page.waitForURL(`${shop}/`);

  const onTheWay = domains.requests.filter(({ path }) => !path.startsWith('/auth/assets/') && path !== '/favicon.ico');
  assert.deepEqual(onTheWay.filter(({ kind, isMain }) => kind !== 'document' || !isMain), []);
  assert.ok(onTheWay.some(({ path }) => path === '/auth/carry') && onTheWay.some(({ path }) => path === '/auth/carried'));
  assert.deepEqual(device.console.filter((line) => /Content Security Policy|uncaught/.test(line)), []);

  // Within a page of somebody else's nothing is carried, whatever the frame is told to show.
  const carry = domains.requests.find(({ path }) => path === '/auth/carry').url;
  domains.requests.length = 0;
  await page.evaluate((src) => document.body.append(Object.assign(document.createElement('iframe'), { src })), carry);
  await until('the frame was answered', () => domains.requests.some(({ path, status }) => path === '/auth/carry' && status !== undefined));
  assert.deepEqual(domains.requests.map(({ path, status }) => [path, status]), [['/auth/carry', 422]]);
});

proof('a code is good once', async (domains) => {
  const { shop } = domains.origins;
  const device = await domains.device();
  const page = await signedInAt(domains, device, shop);
  const used = domains.requests.find(({ path }) => path === '/auth/carried').url;

  await page.goto(used);
  await page.getByRole('heading', { name: OVER }).waitFor();
  assert.equal((await who(device, shop)).preferred_username, 'ada', 'whoever is signed in stays so');

  await signOut(page, shop);
  await page.goto(used);
  await page.getByRole('heading', { name: OVER }).waitFor();
  assert.equal(await who(device, shop), 401);
});

proof("a code is one browser's: stolen or planted, it signs nobody in", async (domains) => {
  const { shop } = domains.origins;
  const stolen = new URL(await heldBack(await domains.device(), domains, shop));
  const other = await domains.device();

  const page = await other.page(stolen.href);
  await page.getByRole('heading', { name: OVER }).waitFor();
  assert.equal(await who(other, shop), 401);

  // An attempt of that browser's own does not make up for it.
  await page.goto(`${shop}/auth/sign-in`);
  const own = new URL(domains.requests.findLast(({ path }) => path === '/auth/carry').url).searchParams.get('state');
  assert.notEqual(own, stolen.searchParams.get('state'));
  stolen.searchParams.set('state', own);
  await page.goto(stolen.href);
  await page.getByRole('heading', { name: OVER }).waitFor();
  assert.equal(await who(other, shop), 401);
});

proof("a code is one domain's", async (domains) => {
  const { home, shop, blog } = domains.origins;
  const device = await domains.device();
  const forShop = new URL(await heldBack(device, domains, shop));
  const forBlog = new URL(await heldBack(device, domains, blog));
  const page = await device.page();

  const swapped = new URL(`/auth/carried?${forShop.searchParams}`, blog);
  swapped.searchParams.set('state', forBlog.searchParams.get('state'));
  await page.goto(swapped.href);
  await page.getByRole('heading', { name: OVER }).waitFor();
  assert.equal(await who(device, blog), 401);

  const reply = await page.goto(new URL(`/auth/carried?${forShop.searchParams}`, home).href);
  assert.equal(reply.status(), 404, 'nothing is carried home');
});

// The two that differ the most: what stands on these pages stands on others too.
for (const screen of ['desktop-light', 'phone-dark']) {
  proof(`everybody can use the pages between two domains: ${screen}`, async (domains) => {
    const { home, shop } = domains.origins;
    const device = await domains.device(SCREENS[screen]);
    const page = await device.page(`${shop}/auth/sign-in?return_to=/cart`);
    const problems = {};
    const look = async (name) => {
      const found = await inspect(page, `domains-${name}-${screen}`);
      if (found.length > 0) problems[name] = found;
    };

    await page.waitForURL(`${home}/auth/sign-in**`);
    await look('sign-in-at-home');
    await signIn(page);
    await page.waitForURL(`${shop}/cart`);
    await page.goto(`${shop}/auth/account`);
    await look('account-at-the-shop');
    await page.goto(`${shop}/auth/carried?code=a&state=b`);
    await look('over');
    await signOut(page, shop);
    await look('signed-out-at-the-shop');

    assert.deepEqual(problems, {});
    assert.deepEqual(device.console.filter((line) => /Content Security Policy|uncaught/.test(line)), []);
  });
}

/** Signs in on the form that is shown. */
async function signIn(page) {
  await page.getByLabel('User name or e-mail address').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Signs out on this device, at one of the domains. */
async function signOut(page, origin) {
  await page.goto(`${origin}/auth/sign-out`);
  await page.getByRole('button', { name: 'Sign out on this device' }).click();
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
}

/** Signs in at a site and returns the page. */
async function signedInAt(domains, device, origin) {
  const page = await device.page(`${origin}/auth/sign-in?return_to=/`);
  if (page.url().startsWith(`${domains.origins.home}/auth/sign-in`)) await signIn(page);
  await page.waitForURL(`${origin}/`);
  return page;
}

/** Signs in at a site up to the last step, which is kept from happening: returns the address with the code. */
async function heldBack(device, domains, origin) {
  const page = await device.page();
  let held;
  const debug = await device.context.newCDPSession(page);
  debug.on('Fetch.requestPaused', ({ requestId, request }) => {
    held = request.url;
    return debug.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
  });
  await debug.send('Fetch.enable', { patterns: [{ urlPattern: '*/auth/carried?*' }] });
  await page.goto(`${origin}/auth/sign-in?return_to=/`).catch(() => {});
  // Whoever is signed in at home already comes to the last step without a word.
  const isAsked = () => page.getByLabel('Password', { exact: true }).isVisible().catch(() => false);
  await until('home asks or hands out a code', async () => held !== undefined || (await isAsked()));
  if (held === undefined) await signIn(page).catch(() => {});
  await until('a code was handed out', () => held !== undefined);
  await page.close();
  return held;
}
