// Who one is: what the token says, and what only the profiles service knows.

import { attempt } from '../attempt.js';
import { config } from '../config.js';
import { card, chips, element, facts } from '../dom.js';
import { profiles } from '../services.js';
import { auth } from '../session.js';

export function profile(_, signal) {
  const said = element('div');
  const colleagues = element('ul', { className: 'plain' });

  function draw() {
    const { user } = auth.snapshot();
    if (!user) return;
    said.replaceChildren(facts([
      ['User name', user.preferred_username],
      ['E-mail', user.email ?? 'none'],
      ['Organisation', user.org_id ?? 'none'],
      ['Roles', chips(user.roles, 'none')],
      ['Signed in', new Date(user.auth_time * 1000).toLocaleString()],
      ['User id', element('code', {}, user.sub)],
      ['Session', element('code', {}, user.sid ?? 'none')],
    ]));
  }

  draw();
  signal.addEventListener('abort', auth.subscribe(draw));
  attempt(null, async () => {
    const list = await profiles.list();
    colleagues.replaceChildren(...list.map(({ sub, name, title }) =>
      element('li', {}, name,
        element('small', {}, [title && `, ${title}`, sub === auth.user?.sub && ' – this is you'].filter(Boolean).join('')))));
  });

  return {
    title: 'Profile',
    node: element('div', { className: 'stack wide' },
      card('Profile', 1,
        element('p', { className: 'muted' }, 'What your access token says. The page has it from the auth service; it cannot read the token.'),
        said,
        element('p', {}, element('a', { href: `${config.auth}/auth/account` }, 'Change your password at the auth service'))),
      card('Colleagues', 2,
        element('p', { className: 'muted' }, 'From the profiles service, which verifies your token for itself. It reads who people are from the auth service, and keeps it until that says that it changed.'),
        colleagues)),
  };
}
