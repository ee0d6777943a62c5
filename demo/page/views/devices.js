// Where one is signed in, and how to end that.

import { announce, attempt } from '../attempt.js';
import { button, card, element } from '../dom.js';
import { auth } from '../session.js';

export function devices(_, signal) {
  const list = element('ul', { className: 'plain devices' }, element('li', { className: 'muted' }, 'One moment …'));

  async function load() {
    const sessions = await auth.sessions.list();
    if (!signal.aborted) list.replaceChildren(...sessions.map((session) => device(session, load)));
  }

  const others = button('End all others', (self) => attempt(self, async () => {
    const ended = await auth.sessions.endOthers();
    announce(`${ended} ended.`);
    await load();
  }));
  const everywhere = button('Sign out everywhere', (self) => attempt(self, () => auth.signOut({ everywhere: true })));
  attempt(null, load);

  return {
    title: 'Devices',
    node: card('Where you are signed in', 1,
      element('p', { className: 'muted' }, 'A device that is ended here is refused by every service within a tenth of a second, and its live view closes.'),
      list,
      element('div', { className: 'actions' }, others, everywhere)),
  };
}

function device({ sid, device: name, current, created_at: since, last_seen_at: seen }, reload) {
  const end = button('End', (self) => attempt(self, async () => {
    await auth.sessions.end(sid);
    announce(`${name} is ended.`);
    await reload();
  }), { className: 'quiet', ariaLabel: `End ${name}` });
  return element('li', {},
    element('span', {}, element('strong', {}, name), current && element('span', { className: 'chip' }, 'this one'),
      element('small', {}, `since ${time(since)}, last seen ${time(seen)}`)),
    !current && end);
}

function time(seconds) {
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
