// Angular's packages are linked when they are loaded outside a build.
import '@angular/compiler';

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { HttpClient, HttpErrorResponse, provideHttpClient, withFetch, withInterceptors } from '@angular/common/http';
import {
  createEnvironmentInjector, createPlatformFactory, platformCore, provideZonelessChangeDetection, runInInjectionContext,
  ɵINJECTOR_SCOPE as INJECTOR_SCOPE,
} from '@angular/core';
import { firstValueFrom, toArray } from 'rxjs';

import { authInterceptor, authSignal } from '../../src/adapters/angular.js';
import { API, Browser } from '../support/browser.js';

const platform = createPlatformFactory(platformCore, 'test')();
const realFetch = globalThis.fetch;

afterEach(() => {
  globalThis.fetch = realFetch;
});

async function client() {
  const browser = new Browser().signedIn('ada');
  const tab = await browser.opened();
  // Angular takes the page's own.
  globalThis.fetch = tab.env.fetch;
  const injector = createEnvironmentInjector(
    // An application without a page.
    [{ provide: INJECTOR_SCOPE, useValue: 'root' }, provideZonelessChangeDetection(), provideHttpClient(withFetch(), withInterceptors([authInterceptor(tab.auth)]))],
    platform.injector,
  );
  const during = async (promise, time = 5_000) => {
    const [outcome] = await Promise.all([promise.then((value) => value, (error) => error), browser.advance(time)]);
    return outcome;
  };
  return { browser, tab, injector, http: injector.get(HttpClient), during };
}

test('a call with an expired token is refreshed and repeated', async () => {
  const { browser, http, during } = await client();
  browser.clock.sleep(3_600_000);

  const content = await during(firstValueFrom(http.post(`${API}/orders`, { item: 'chair' })));

  assert.deepEqual(content, { sub: 'u-ada', echo: '{"item":"chair"}' });
  const [first, second] = browser.service.log.filter(({ path }) => path === '/orders');
  assert.ok(first.key);
  assert.equal(second.key, first.key);
});

test('a call whose session is over waits for the same user', async () => {
  const { browser, tab, http, during } = await client();
  browser.service.endSessions('ada');
  const waiting = firstValueFrom(http.get(`${API}/orders`));
  await browser.advance(1_000);
  assert.equal(tab.auth.state, 'expired');

  tab.auth.signIn({ login: 'ada', password: 'right' });

  assert.equal((await during(waiting)).sub, 'u-ada');
});

test('another user: the call is rejected', async () => {
  const { browser, tab, http, during } = await client();
  browser.service.endSessions('ada');
  const waiting = firstValueFrom(http.get(`${API}/orders`));
  await browser.advance(1_000);

  tab.auth.signIn({ login: 'bob', password: 'right' });

  assert.equal((await during(waiting)).code, 'user_changed');
});

test('a 401 of the app is an HttpErrorResponse like any other', async () => {
  const { http, during } = await client();

  const error = await during(firstValueFrom(http.get(`${API}/own-401`)));

  assert.ok(error instanceof HttpErrorResponse);
  assert.equal(error.error.code, 'wrong_pin');
});

test('whoever leaves while a call waits is forgotten', async () => {
  const { browser, tab, http } = await client();
  browser.service.endSessions('ada');
  const subscription = http.get(`${API}/orders`).subscribe({ error: () => assert.fail('told') });
  await browser.advance(1_000);

  subscription.unsubscribe();
  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(1_000)]);

  assert.equal(browser.service.count('/orders'), 1);
});

test('progress is told on the way', async () => {
  const { http, during } = await client();

  const events = await during(firstValueFrom(
    http.get(`${API}/orders`, { observe: 'events', reportProgress: true }).pipe(toArray()),
  ));

  assert.equal(events[0].type, 0);
  assert.equal(events.at(-1).body.sub, 'u-ada');
});

test('calls to other origins are left alone', async () => {
  const { browser, http, during } = await client();

  const error = await during(firstValueFrom(http.post('https://elsewhere.example/always-refuses', 'x')));

  assert.equal(error.status, 401);
  assert.equal(browser.service.count('/auth/refresh'), 0);
});

test('a signal follows the user, and is let go with its owner', async () => {
  const { browser, tab, injector } = await client();
  const session = runInInjectionContext(injector, () => authSignal(tab.auth));
  assert.equal(session().user.preferred_username, 'ada');

  await Promise.all([tab.auth.signOut(), browser.advance(100)]);
  assert.equal(session().state, 'out');
  injector.destroy();
  await Promise.all([tab.auth.signIn({ login: 'ada', password: 'right' }), browser.advance(100)]);

  assert.equal(session().state, 'out');
});
