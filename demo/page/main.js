// The page's behaviour: sign in, show who you are, list orders, be refused, refresh, sign out.

import { Api, Refused } from './api.js';
import * as view from './view.js';

const { byId } = view;
const config = await (await fetch('config.json')).json();
const api = new Api(config, view.exchange);

/** Tells the other tabs that somebody signed in or out. */
const tabs = new BroadcastChannel('handstamp-demo');

/** Who is signed in, and when (of `performance.now()`) the access token expires; `null` while nobody is. */
let session = null;

function arrived(whoami) {
  // `expires_in` is relative because browsers' clocks are wrong.
  session = { whoami, expiresAt: performance.now() + whoami.expires_in * 1000 };
  view.you(whoami, session.expiresAt);
  view.show('signed-in');
}

function left(reason = '') {
  session = null;
  view.show('signed-out');
  view.notice(reason);
  byId('login').focus();
}

/** Runs what a button does: one at a time, and errors end up where a person sees them. */
async function attempt(button, work) {
  view.notice();
  if (button) button.disabled = true;
  try {
    return await work();
  } catch (error) {
    if (error.code === 'session_ended') left('Your session has ended. Sign in again; nothing else is lost.');
    else view.notice(error.message);
  } finally {
    if (button) button.disabled = false;
  }
}

const onClick = (id, work) => byId(id).addEventListener('click', () => attempt(byId(id), work));

async function loadOrders() {
  const { orders } = await api.orders('GET', '/orders');
  view.orders(orders, session.whoami.org_id, deleteOrder);
}

function deleteOrder(order) {
  return attempt(null, async () => {
    await api.orders('DELETE', `/orders/${order.id}`);
    await loadOrders();
  });
}

async function start() {
  try {
    arrived(await api.session());
  } catch (error) {
    // Nobody is signed in: that is an answer, not an error.
    left(error instanceof Refused && error.status === 401 ? '' : error.message);
    return;
  }
  await attempt(null, loadOrders);
}

byId('sign-in-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector('[type=submit]');
  view.signInError();
  button.disabled = true;
  try {
    arrived(await api.signIn(form.login.value, form.password.value));
  } catch (error) {
    view.signInError(error.message);
    form.password.select();
    return;
  } finally {
    button.disabled = false;
  }
  form.reset();
  byId('content').focus();
  tabs.postMessage('changed');
  await attempt(null, loadOrders);
});

byId('order-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(form.querySelector('[type=submit]'), async () => {
    await api.orders('POST', '/orders', { item: form.item.value, quantity: form.quantity.valueAsNumber });
    form.reset();
    await loadOrders();
  });
});

onClick('refresh', async () => arrived(await api.refresh()));
onClick('reload', loadOrders);

const forbidden = {
  'try-foreign': () => api.orders('GET', `/orders/${config.foreign_orders[session.whoami.org_id]}`),
  'try-anonymous': () => api.ordersAnonymously('/orders'),
  'try-undeclared': () => api.orders('GET', '/orders/statistics'),
};
for (const [id, request] of Object.entries(forbidden)) {
  onClick(id, async () => {
    try {
      await request();
      view.verdict('2xx', 'not refused', 'This should have been refused: please report it.');
    } catch (error) {
      // A session that ended meanwhile is not what was asked about.
      if (!(error instanceof Refused) || error.code === 'session_ended') throw error;
      view.verdict(error.status, error.code, error.message);
    }
  });
}

for (const [id, scope] of [['sign-out', 'session'], ['everywhere', 'everywhere']]) {
  onClick(id, async () => {
    await api.signOut(scope);
    left();
    tabs.postMessage('changed');
  });
}

tabs.addEventListener('message', start);
setInterval(() => session && view.countDown(session.expiresAt), 1000);
view.people(config.people, (person) => {
  byId('login').value = person.username;
  byId('password').value = person.password;
  view.signInError();
  byId('sign-in-form').querySelector('[type=submit]').focus();
});
await start();
