// One order, with what came with it.

import { announce, attempt, sentence } from '../attempt.js';
import { button, card, element, facts } from '../dom.js';
import { orders as service } from '../services.js';

export function order(id, signal) {
  const body = element('div', { className: 'stack' }, element('p', { className: 'muted' }, 'One moment …'));
  attempt(null, async () => {
    try {
      const found = await service.find(id);
      if (!signal.aborted) body.replaceChildren(...shown(found));
    } catch (error) {
      body.replaceChildren(element('p', {}, sentence(error)));
    }
  });
  return {
    title: `Order ${id}`,
    node: card(`Order ${id}`, 1, body, element('p', {}, element('a', { href: '#/orders' }, 'All orders'))),
  };
}

function shown(order) {
  const { id, item, quantity, buyer_name: buyer, needed_by: day, deliver_to: place, reason, attachment } = order;
  const given = [
    ['Item', item],
    ['Quantity', String(quantity)],
    ['Ordered by', buyer ?? 'a former colleague'],
    ['Needed by', day],
    ['Deliver to', place],
    ['Reason', reason],
    ['File', attachment && file(id, attachment)],
  ];
  const remove = button('Delete this order', (self) => attempt(self, async () => {
    await service.remove(id);
    announce(`Order ${id} is deleted.`);
    location.hash = '#/orders';
  }));
  return [
    facts(given.filter(([, value]) => value)),
    element('div', { className: 'actions' }, remove),
    element('p', { className: 'muted' }, 'Deleting needs the role ', element('code', {}, 'admin'), '. The button works for everybody: the service decides, not the page.'),
  ];
}

/** The file comes with the cookies that a plain link would carry too, and survives an expired token, which a link would not. */
function file(id, { name, media_type: type, size }) {
  const save = button('Save', (self) => attempt(self, async () => {
    const url = URL.createObjectURL(await service.attachment(id));
    element('a', { href: url, download: name }).click();
    URL.revokeObjectURL(url);
  }), { className: 'quiet', ariaLabel: `Save ${name}` });
  return element('span', { className: 'file' }, element('span', {}, name), element('small', {}, `${type}, ${readable(size)}`), save);
}

function readable(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${Math.ceil(bytes / 1024)} kB`;
}
