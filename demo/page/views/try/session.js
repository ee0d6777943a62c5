// The token and the session end, each in its own way.

import { card, element } from '../../dom.js';
import { control, orders } from '../../services.js';
import { auth } from '../../session.js';
import { verdict } from './verdict.js';

export function session() {
  const { place, say, trying } = verdict();
  const actions = [
    trying('Let the access token expire', async () => {
      await control.expireToken();
      await orders.list();
      return 'The orders service refused the expired token, the token was renewed, and the call was repeated. You saw nothing of it.';
    }),
    trying('End this session from elsewhere', async () => {
      let isOver = false;
      const following = [
        auth.on('expired', () => { isOver = true; }),
        auth.on('restored', () => say('You signed in again, and the call that was waiting went on.')),
      ];
      try {
        await control.endSession();
        // The orders service answers until the news is there: a few milliseconds.
        while (!isOver) await orders.list();
        await orders.list();
      } finally {
        following.forEach((stop) => stop());
      }
    }),
    trying('Sign out everywhere', () => auth.signOut({ everywhere: true }).then(() => '')),
    trying('Send the auth service away', async () => {
      const { for_seconds: seconds } = await control.sendAway();
      await orders.list();
      return `Nobody answers at the auth service for ${seconds} s. The orders service did just now: it holds the keys and asks nobody.`;
    }),
    trying('Refresh now', () => auth.refresh().then(() => 'There is a new access token.')),
  ];
  return card('Your session', 2,
    element('p', { className: 'muted' }, 'What ends from elsewhere takes you to a sign-in over this page. Waiting calls go on afterwards.'),
    element('div', { className: 'actions' }, ...actions), place);
}
