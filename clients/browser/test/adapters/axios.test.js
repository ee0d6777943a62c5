import assert from 'node:assert/strict';
import { test } from 'node:test';
import axios from 'axios';

import { withAuth } from '../../src/adapters/axios.js';
import { API, Browser } from '../support/browser.js';

async function client() {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  const network = { fetch: tab.env.fetch, Request, Response };
  const http = withAuth(tab.auth, axios.create({ baseURL: API, adapter: 'fetch', env: network }));
  const during = async (promise, time = 5_000) => {
    const [outcome] = await Promise.all([promise.then((value) => value, (error) => error), browser.advance(time)]);
    return outcome;
  };
  return { browser, tab, http, during };
}

test('a call with an expired token is refreshed and repeated', async () => {
  const { browser, http, during } = await client();
  browser.clock.sleep(3_600_000);

  const response = await during(http.post('/orders', { item: 'chair' }));

  assert.deepEqual(response.data, { sub: 'u-ada', echo: '{"item":"chair"}' });
  const [first, second] = browser.service.log.filter(({ path }) => path === '/orders');
  assert.ok(first.key);
  assert.equal(second.key, first.key);
});

test('a call whose session is over waits for the same user', async () => {
  const { browser, tab, http, during } = await client();
  browser.service.endSessions('ada');
  const waiting = http.get('/orders');
  await browser.advance(1_000);
  assert.equal(tab.auth.state, 'expired');

  tab.auth.signIn({ login: 'ada', password: 'right' });

  assert.equal((await during(waiting)).data.sub, 'u-ada');
});

test('another user: the call is rejected', async () => {
  const { browser, tab, http, during } = await client();
  browser.service.endSessions('ada');
  const waiting = http.get('/orders');
  await browser.advance(1_000);

  tab.auth.signIn({ login: 'bob', password: 'right' });

  assert.equal((await during(waiting)).code, 'user_changed');
});

test('a 401 of the app is an axios error like any other', async () => {
  const { http, during } = await client();

  const error = await during(http.get('/own-401'));

  assert.equal(axios.isAxiosError(error), true);
  assert.equal(error.response.data.code, 'wrong_pin');
});

test('a call that is aborted while it waits is a cancelled axios call', async () => {
  const { browser, http, during } = await client();
  browser.service.endSessions('ada');
  const controller = new AbortController();
  const waiting = http.get('/orders', { signal: controller.signal });
  await browser.advance(1_000);

  controller.abort();

  assert.equal(axios.isCancel(await during(waiting)), true);
});

test('a stream cannot be sent again', async () => {
  const { browser, http, during } = await client();
  browser.clock.sleep(3_600_000);

  const error = await during(http.post('/upload', new Blob(['x']).stream()));

  assert.equal(error.code, 'not_replayable');
});

test('calls to other origins are left alone', async () => {
  const { browser, http, during } = await client();

  const error = await during(http.post('https://elsewhere.example/always-refuses', 'x'));

  assert.equal(error.response.status, 401);
  assert.equal(browser.service.log.at(-1).key, null);
  assert.equal(browser.service.count('/auth/refresh'), 0);
});
