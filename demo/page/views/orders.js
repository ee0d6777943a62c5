// What the organisation has ordered, and what it orders while one looks.

import { attempt } from '../attempt.js';
import { card, element } from '../dom.js';
import * as live from '../live.js';
import { orders as service } from '../services.js';
import { auth } from '../session.js';

export function orders(_, signal) {
  const rows = element('tbody');
  const empty = element('p', { className: 'muted' }, 'One moment …');
  const latest = element('p', { className: 'news', role: 'status', hidden: true });
  const title = `Orders of ${auth.user?.org_id ?? 'nobody'}`;

  async function load(highlighted) {
    const list = await service.list();
    if (signal.aborted) return;
    rows.replaceChildren(...list.map((order) => row(order, order.id === highlighted)));
    empty.textContent = list.length ? '' : 'Nothing ordered yet.';
  }

  live.onNews(({ type, order }) => {
    if (order) {
      latest.textContent = type === 'order-placed'
        ? `${order.by} ordered ${order.quantity} × ${order.item}.`
        : `${order.by} deleted order ${order.id}, ${order.item}.`;
      latest.hidden = false;
    }
    attempt(null, () => load(order?.id));
  }, signal);
  attempt(null, load);

  const table = element('table', {},
    element('thead', {}, element('tr', {},
      ...['No.', 'Item', 'Quantity', 'Ordered by'].map((name) =>
        element('th', { scope: 'col', className: name === 'Quantity' ? 'number' : '' }, name)))),
    rows);
  const frame = element('div', { className: 'scroll', tabIndex: 0, role: 'region', ariaLabel: 'Table of orders' }, table);
  return {
    title: 'Orders',
    node: card(title, 1,
      element('p', { className: 'muted' },
        'The orders service knows your organisation from the token. The buyers’ names come from the profiles service, asked on your behalf. New orders of your colleagues appear by themselves.'),
      latest, frame, empty,
      element('p', {}, element('a', { className: 'button primary', href: '#/new' }, 'New order'))),
  };
}

function row(order, isNew) {
  const link = element('a', { href: `#/orders/${order.id}` }, order.item);
  return element('tr', { className: isNew ? 'fresh' : '' },
    element('td', {}, String(order.id)),
    element('td', {}, link, order.attachment && element('small', { className: 'with' }, ' with a file')),
    element('td', { className: 'number' }, String(order.quantity)),
    element('td', {}, order.buyer_name ?? 'a former colleague'));
}
