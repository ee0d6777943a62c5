// Makes and finds elements. Text goes in as text, never as HTML.

/** @param {string} id */
export const byId = (id) => document.getElementById(id);

/** Makes an element: `element('td', { className: 'number' }, '3')`. What is `null` or `false` is left out. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child != null && child !== false));
  return made;
}

/** Makes a button that does one thing. */
export function button(text, onClick, properties = {}) {
  const made = element('button', { type: 'button', ...properties }, text);
  made.addEventListener('click', () => onClick(made));
  return made;
}

/** Makes a row of small labels. */
export function chips(names, none) {
  const labels = names.map((name) => element('span', { className: 'chip' }, name));
  return element('span', { className: 'chips' }, ...(labels.length ? labels : [element('small', {}, none)]));
}

/** Makes a list of names and values: `facts([['Organisation', 'acme']])`. */
export function facts(pairs) {
  const rows = pairs.map(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
  return element('dl', { className: 'facts' }, ...rows.flat());
}

/** Makes the frame that every part of a page stands in. */
export function card(title, level, ...children) {
  return element('section', { className: 'card', ariaLabel: title }, element(`h${level}`, {}, title), ...children);
}
