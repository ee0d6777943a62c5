// The story that takes two windows.

import { config } from '../../config.js';
import { card, element } from '../../dom.js';
import { auth } from '../../session.js';

export function windows() {
  const { preferred_username: name } = auth.user ?? {};
  const person = config.people.find(({ username }) => username === name);
  const steps = [
    ['Open ', element('code', {}, location.origin), ' in a private window, which has cookies of its own, and sign in as ', element('code', {}, name ?? 'the same person'), person && [' again (', element('code', {}, person.password), ')']],
    ['Put the two beside each other, both at Orders. Both say ', element('em', {}, 'Live'), '. Order something in one, and it appears in the other.'],
    ['Press ', element('em', {}, 'Sign out everywhere'), ' here. At once the other one’s live view closes, its next call is refused, and it asks you to sign in over the page.'],
    ['Its access token had minutes left, and no service looked anything up: the news was pushed to them.'],
  ];
  return card('Two windows', 2,
    element('ol', { className: 'steps' }, ...steps.map((words) => element('li', {}, ...words.flat().filter(Boolean)))));
}
