// The list "On the wire": what was asked, what was answered, and what the auth client made of it.

import { config } from './config.js';
import { byId, element } from './dom.js';
import { onExchange } from './wire.js';

const LINES = 14;

/** Who is behind which address. */
const NAMES = new Map([
  [location.origin, 'page'],
  [config.auth, 'auth'],
  [config.services.orders, 'orders'],
  [config.services.profiles, 'profiles'],
]);

/** What the auth client's events mean. */
const EVENTS = {
  signedin: 'signed in',
  expiring: 'the access token expires soon: refreshing',
  refreshed: 'the access token was renewed',
  expired: 'the session has ended: calls wait',
  restored: 'signed in again: waiting calls go on',
  signedout: 'signed out',
  userchanged: 'somebody else has signed in: waiting calls are dropped',
  unavailable: 'the auth service is away: nobody is signed out for that',
};

/** Writes down requests and the events of the auth client. @param {import('@handstamp/browser').Auth} auth */
export function follow(auth) {
  onExchange(write);
  for (const [type, text] of Object.entries(EVENTS)) auth.on(type, () => note(text));
}

/** Writes down something that is no request. */
export function note(text) {
  add(element('li', { className: 'event' }, element('span', {}, '·'), element('span', {}, text)));
}

function write({ method, url, status, code, detail, ms }) {
  const isRefused = status === 0 || status >= 400;
  const verdict = `${status || '–'} ${code} `;
  const { origin, pathname } = new URL(url);
  add(element('li', {},
    element('span', {}, method),
    element('span', {}, element('small', {}, `${NAMES.get(origin) ?? origin} `), pathname),
    element('span', { className: isRefused ? 'refused' : 'ok' }, verdict, element('small', {}, `${Math.round(ms)} ms`)),
    detail && element('span', { className: 'detail' }, detail)));
}

function add(line) {
  const list = byId('wire');
  list.prepend(line);
  while (list.children.length > LINES) list.lastChild.remove();
}
