import assert from 'node:assert/strict';
import { test } from 'node:test';
import ky1 from 'ky';
import ky2 from 'ky-2';

import { kyOptions } from '../../src/adapters/ky.js';
import { API, Browser } from '../support/browser.js';

for (const [name, ky, prefix] of [['ky 1', ky1, 'prefixUrl'], ['ky 2', ky2, 'prefix']]) {
  async function client(options) {
    const browser = new Browser().signedIn('ada');
    const tab = await browser.opened();
    const http = ky.create({ [prefix]: API, ...options, ...kyOptions(tab.auth) });
    const during = async (promise, time = 5_000) => {
      const [outcome] = await Promise.all([promise.then((value) => value, (error) => error), browser.advance(time)]);
      return outcome;
    };
    return { browser, tab, http, during };
  }

  test(`${name}: a call with an expired token is refreshed and repeated`, async () => {
    const { browser, http, during } = await client();
    browser.clock.sleep(3_600_000);

    const content = await during(http.post('orders', { json: { item: 'chair' } }).json());

    assert.deepEqual(content, { sub: 'u-ada', echo: '{"item":"chair"}' });
  });

  test(`${name}: a call whose session is over waits for the same user`, async () => {
    const { browser, tab, http, during } = await client();
    browser.service.endSessions('ada');
    const waiting = http.get('orders').json();
    await browser.advance(60_000);
    assert.equal(tab.auth.state, 'expired');

    tab.auth.signIn({ login: 'ada', password: 'right' });

    assert.equal((await during(waiting)).sub, 'u-ada');
  });

  test(`${name}: another user: the call is rejected, and ky does not try it again in their name`, async () => {
    const { browser, tab, http, during } = await client();
    browser.service.endSessions('ada');
    const waiting = http.get('orders').json();
    await browser.advance(1_000);

    tab.auth.signIn({ login: 'bob', password: 'right' });

    assert.equal((await during(waiting)).code, 'user_changed');
    assert.equal(browser.service.log.filter(({ path, sub }) => path === '/orders' && sub === 'u-bob').length, 0);
  });

  test(`${name}: what ky tries again carries the same key`, async () => {
    const { browser, http } = await client({ retry: { backoffLimit: 0, delay: () => 0 } });
    let lost = 1;
    browser.fault = (request) => (request.method === 'PUT' && lost-- > 0 ? 'unanswered' : undefined);

    let done = false;
    const request = http.put('orders/7', { body: 'x' }).finally(() => (done = true));
    // ky's own pause goes by the real clock.
    while (!done) await browser.advance(20);
    await request;

    const keys = browser.service.log.filter(({ path }) => path === '/orders/7').map(({ key }) => key);
    assert.equal(keys.length, 2);
    assert.ok(keys[0]);
    assert.equal(keys[1], keys[0]);
  });
}
