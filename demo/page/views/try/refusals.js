// What must be refused, and is.

import { config } from '../../config.js';
import { card, element } from '../../dom.js';
import { forged } from '../../forged.js';
import { Refused, orders } from '../../services.js';
import { auth } from '../../session.js';
import { verdict } from './verdict.js';

export function refusals() {
  const { place, say, trying } = verdict();

  /** Tries what has to be refused, and tells how. */
  const refusing = (text, request) => trying(text, async () => {
    try {
      await request();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(element('strong', {}, `${error.status} ${error.code}`), ` – ${error.message}`);
      return;
    }
    say(element('strong', {}, 'Not refused'), ' – This should have been. Please report it.');
  });

  const kinds = element('select', { id: 'forgery' }, ...forgeries(auth.user ?? {}, '').map(([kind]) => element('option', {}, kind)));
  const forge = refusing('Send it', async () => {
    const { keys } = await (await fetch(`${config.auth}/.well-known/jwks.json`)).json();
    const [, token] = forgeries(auth.user, keys[0]?.kid).find(([kind]) => kind === kinds.value);
    await orders.withoutCookies({ Authorization: `Bearer ${token}` });
  });
  return card('What you may not', 2,
    element('p', { className: 'muted' }, 'Each of these is answered by the orders service itself, without asking anybody.'),
    element('div', { className: 'actions' },
      refusing('Read another organisation’s order', () => orders.find(config.foreign_orders[auth.user.org_id])),
      refusing('Ask without signing in', () => orders.withoutCookies()),
      refusing('Use a route nobody opened', () => orders.statistics())),
    element('div', { className: 'inline' },
      element('label', { htmlFor: 'forgery' }, 'A forged token that makes you administrator:'), kinds, forge),
    place);
}

const forgeries = (user, kid) => Object.entries(forged(user, config.auth, kid));
