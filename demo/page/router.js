// Which part of the page is shown, by what stands behind the # of the address.

import { announce, notice } from './attempt.js';
import { byId } from './dom.js';

/**
 * @typedef {{ title: string, node: Node }} View
 * @typedef {(parameter: string, signal: AbortSignal) => View} Open
 *   `signal` is aborted when the view is left.
 */

/** @type {[RegExp, Open][]} */
let routes = [];
let leaving = new AbortController();
/** What is shown; `''` while nobody may see anything. */
let shown = '';

/** @param {[RegExp, Open][]} table */
export function start(table) {
  routes = table;
  addEventListener('hashchange', () => {
    if (!shown || !location.hash.startsWith('#/')) return;
    route();
    // The keyboard goes on where the new page begins.
    byId('content').focus({ preventScroll: true });
    scrollTo({ top: 0 });
  });
}

/** Shows what the address says. */
export function route() {
  const path = location.hash.slice(1);
  for (const [pattern, open] of routes) {
    const match = pattern.exec(path);
    if (match) return show(path, (signal) => open(match[1], signal));
  }
  // An address that means nothing, or none. Replaced quietly: there is nothing to go back to.
  history.replaceState(null, '', '#/orders');
  return route();
}

/** Shows a view that has no address: sign-in. */
export function showOnly(open) {
  show('', open);
}

function show(path, open) {
  leaving.abort();
  leaving = new AbortController();
  notice();
  shown = path;
  const { title, node } = open(leaving.signal);
  byId('outlet').replaceChildren(node);
  document.title = `${title} · Handstamp demo`;
  announce(title);
  for (const link of byId('tabs').querySelectorAll('a')) {
    const isHere = link.hash === `#${path}` || (link.hash === '#/orders' && path.startsWith('/orders/'));
    link.ariaCurrent = isHere ? 'page' : null;
  }
}
