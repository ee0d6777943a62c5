// What stands on the page. Text goes in as text, never as HTML.

export const byId = (id) => document.getElementById(id);

/** Makes an element: `element('td', { className: 'number' }, '3')`. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const chips = (names) => element('span', { className: 'chips' },
  ...(names.length ? names.map((name) => element('span', { className: 'chip' }, name)) : [element('small', {}, 'no roles')]));

/** Shows one of the three states of the page. */
export function show(state) {
  for (const id of ['starting', 'signed-out', 'signed-in']) byId(id).hidden = id !== state;
  byId('bar-actions').hidden = state !== 'signed-in';
}

/** Says what went wrong, or clears it. */
export function notice(text = '') {
  byId('notice').textContent = text;
  byId('notice').hidden = !text;
}

export function signInError(text = '') {
  byId('sign-in-error').textContent = text;
  byId('sign-in-error').hidden = !text;
}

/** Shows how a request ended that was made to be refused. */
export function verdict(status, code, text) {
  byId('verdict').replaceChildren(element('strong', {}, `${status} ${code}`), ` – ${text}`);
  byId('verdict').hidden = false;
}

export function people(list, onChoose) {
  byId('people').replaceChildren(...list.map((person) => {
    const button = element('button', { type: 'button' },
      element('strong', {}, person.username), element('small', {}, person.org_id), chips(person.roles));
    button.addEventListener('click', () => onChoose(person));
    return element('li', {}, button);
  }));
}

export function you(whoami, expiresAt) {
  byId('you-title').textContent = `Hello, ${whoami.preferred_username}`;
  byId('bar-name').textContent = `${whoami.preferred_username} · ${whoami.org_id ?? 'no organisation'}`;
  const expires = element('span', { id: 'expires' });
  const facts = [
    ['Organisation', whoami.org_id ?? 'none'],
    ['Roles', chips(whoami.roles)],
    ['E-mail', whoami.email ?? 'none'],
    ['User id', element('code', {}, whoami.sub)],
    ['Session', element('code', {}, whoami.sid ?? 'none')],
    ['Token', expires],
  ];
  byId('facts').replaceChildren(...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
  countDown(expiresAt);
}

/** Refreshes the one line that changes by itself. */
export function countDown(expiresAt) {
  const seconds = Math.max(0, Math.round((expiresAt - performance.now()) / 1000));
  const text = seconds > 0
    ? `expires in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} and is then renewed by itself`
    : 'expired: the next request renews it';
  if (byId('expires')) byId('expires').textContent = text;
}

export function orders(list, orgId, onDelete) {
  byId('orders-title').textContent = `Orders of ${orgId}`;
  byId('orders-text').textContent = list.length
    ? 'The orders service knows your organisation from the token. The buyers’ names come from the profiles service, asked on your behalf.'
    : 'Nothing ordered yet.';
  byId('orders').replaceChildren(...list.map((order) => {
    const remove = element('button', { type: 'button', ariaLabel: `Delete order ${order.id}` }, 'Delete');
    remove.addEventListener('click', () => onDelete(order));
    return element('tr', {},
      element('td', {}, String(order.id)),
      element('td', {}, order.item),
      element('td', { className: 'number' }, String(order.quantity)),
      element('td', {}, order.buyer_name ?? order.buyer),
      element('td', {}, remove));
  }));
}

const WIRE_LINES = 12;

/** Adds one request to the list on top, and lets go of old ones. */
export function exchange({ method, url, status, code, detail, ms }) {
  const refused = status === 0 || status >= 400;
  const line = element('li', {},
    element('span', {}, method),
    element('span', {}, url.replace(/^https?:\/\//, '')),
    element('span', { className: refused ? 'refused' : 'ok' }, `${status || '–'} ${code} `, element('small', {}, `${Math.round(ms)} ms`)));
  if (detail) line.append(element('span', { className: 'detail' }, detail));
  byId('wire').prepend(line);
  while (byId('wire').children.length > WIRE_LINES) byId('wire').lastChild.remove();
}
