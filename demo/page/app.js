// The app: who is signed in decides what is shown.

import { announce, attempt } from './attempt.js';
import { byId, element } from './dom.js';
import * as journal from './journal.js';
import * as live from './live.js';
import * as router from './router.js';
import { auth } from './session.js';
import * as stateBar from './state-bar.js';
import { devices } from './views/devices.js';
import { forgetDraft, newOrder } from './views/new-order.js';
import { order } from './views/order.js';
import { orders } from './views/orders.js';
import { profile } from './views/profile.js';
import { signedOut } from './views/signed-out.js';
import { tryIt } from './views/try-it.js';

const ROUTES = [
  [/^\/orders$/, orders],
  [/^\/orders\/(\d+)$/, order],
  [/^\/new$/, newOrder],
  [/^\/profile$/, profile],
  [/^\/devices$/, devices],
  [/^\/try$/, tryIt],
];

/** The `sub` of whom the page shows itself to: `null` for nobody, and not known at first. */
let shownTo;

export function begin() {
  journal.follow(auth);
  stateBar.follow(auth);
  router.start(ROUTES);
  auth.subscribe(showWhoIsThere);
  auth.on('expired', () => announce('Your session has ended. Sign in to go on; nothing is lost.'));
  auth.on('restored', () => announce('You are signed in again.'));
  byId('sign-out').addEventListener('click', ({ currentTarget }) => attempt(currentTarget, () => auth.signOut()));
  byId('skip').addEventListener('click', (event) => {
    // The part behind the # is the app's.
    event.preventDefault();
    byId('content').focus();
  });
  auth.ready.then(showWhoIsThere);
  live.start();
}

function showWhoIsThere() {
  const { state, user } = auth.snapshot();
  if (state === 'unknown') return undefined;
  byId('who').hidden = byId('tabs').hidden = !user;
  byId('who-name').replaceChildren(user?.preferred_username ?? '', element('small', {}, ` ${user?.org_id ?? ''}`));
  const now = user?.sub ?? null;
  // A session that ended or came back leaves the page as it stands.
  if (now === shownTo) return undefined;
  if (shownTo) forgetDraft();
  // Somebody else: nothing of the other person's stays, and the dialog asks to load the page again.
  if (shownTo && now) return byId('outlet').replaceChildren();
  shownTo = now;
  return user ? router.route() : router.showOnly(signedOut);
}
