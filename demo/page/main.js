// Starts the page, or says why it cannot.

import { notice } from './attempt.js';
import { byId, button } from './dom.js';

try {
  const { begin } = await import('./app.js');
  begin();
} catch (error) {
  // Without the auth service there is no client to load from it.
  console.error(error);
  notice('The auth service does not answer, so this page cannot start.');
  byId('outlet').replaceChildren(button('Try again', () => location.reload(), { className: 'primary' }));
}
