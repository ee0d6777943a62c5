// Every case that a user of such a system meets sooner or later, at the press of a button.

import { element } from '../dom.js';
import { account } from './try/account.js';
import { refusals } from './try/refusals.js';
import { session } from './try/session.js';
import { windows } from './try/windows.js';

export function tryIt(_, signal) {
  return {
    title: 'Try it',
    node: element('div', { className: 'stack wide' },
      element('div', {}, element('h1', {}, 'Try it'),
        element('p', { className: 'muted' }, 'Watch “On the wire” while you do. Fill in half a new order first, and see that it is still there afterwards.')),
      session(), account(signal), refusals(), windows()),
  };
}
