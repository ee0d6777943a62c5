// What an administrator does to somebody: here, to oneself.

import { config } from '../../config.js';
import { card, chips, element } from '../../dom.js';
import { control, orders } from '../../services.js';
import { auth } from '../../session.js';
import { onExchange } from '../../wire.js';
import { terminal } from './terminal.js';
import { verdict } from './verdict.js';

const ROLES = ['buyer', 'admin'];

export function account(signal) {
  const { place, trying } = verdict();
  const held = element('span');
  const boxes = ROLES.map((role) => element('input', { type: 'checkbox', id: `role-${role}`, value: role }));
  const commands = element('div', { className: 'stack' });

  function draw() {
    const { user } = auth.snapshot();
    if (!user) return;
    held.replaceChildren(chips(user.roles, 'no roles'));
    for (const box of boxes) box.checked = user.roles.includes(box.value);
    const name = user.preferred_username;
    const others = user.roles.includes('admin') ? 'buyer' : 'buyer admin';
    const fill = (command) => command.replace('NAME', name).replace('ROLES', others);
    const { set_roles: setRoles, set_profile: setProfile, disable, enable, revoke } = config.command;
    commands.replaceChildren(...[setRoles, setProfile, disable, enable, revoke].map((command) => terminal(fill(command))));
  }

  draw();
  signal.addEventListener('abort', auth.subscribe(draw));

  const give = trying('Change my roles', async () => {
    await control.setRoles(boxes.filter((box) => box.checked).map((box) => box.value));
    return (await meetsStale(orders.list))
      ? 'The orders service said “stale”, the token was renewed with the new roles, and the call was repeated.'
      : 'This call passed at once. News of new roles is at the services within moments: the request that meets it is told “stale”, and the token is renewed.';
  });
  const disable = trying('Disable my account', async () => {
    const { for_seconds: seconds } = await control.disable();
    return `Your account is disabled for ${seconds} s. Signing in is refused until then, even with the right password.`;
  });
  return card('Your account', 2,
    element('p', { className: 'muted' }, 'What an administrator would do to you. Your roles now: ', held),
    element('fieldset', { className: 'inline' }, element('legend', {}, 'New roles'),
      ...boxes.map((box) => element('label', { className: 'check', htmlFor: box.id }, box, box.value)), give),
    element('div', { className: 'actions' }, disable), place,
    element('p', { className: 'muted' }, 'The same from a terminal on this machine:'), commands);
}

/** Makes a call, and tells whether it was refused on its way because the token was out of date. */
async function meetsStale(call) {
  let isStale = false;
  // The live view may meet the news as well: its requests are not this call's.
  const stop = onExchange(({ url, code }) => { isStale ||= code === 'token_stale' && url.endsWith('/orders'); });
  try {
    await call();
  } finally {
    stop();
  }
  return isStale;
}
