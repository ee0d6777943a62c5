// A form that takes a while to fill in. It is not lost when the session ends under it, nor when one looks elsewhere first.

import { announce, attempt } from '../attempt.js';
import { card, element } from '../dom.js';
import { orders as service } from '../services.js';
import { auth } from '../session.js';

/** The orders service takes no more. It is asked anyway where a page could be wrong; here that would only cost time. */
const LARGEST_FILE = 1024 * 1024;

const TEXTS = ['item', 'quantity', 'needed_by', 'deliver_to', 'reason'];

/** The form itself is kept, with everything in it: a chosen file cannot be put back by a script. */
let form = null;

export function newOrder() {
  form ??= make();
  return {
    title: 'New order',
    node: card('New order', 1,
      element('p', { className: 'muted' }, 'Take your time. If your session ends meanwhile, you sign in over this page, and what you typed is still there.'),
      form),
  };
}

/** Throws away what was typed: it was somebody else's. */
export function forgetDraft() {
  form = null;
}

function make() {
  const state = element('p', { className: 'muted', role: 'status' });
  const submit = element('button', { type: 'submit', className: 'primary' }, 'Order');
  const made = element('form', { className: 'stack', noValidate: true },
    ...field('item', 'Item', element('input', { maxLength: 120, required: true, autocomplete: 'off' })),
    element('div', { className: 'two close' },
      element('div', { className: 'stack' }, ...field('quantity', 'Quantity', element('input', { type: 'number', min: 1, max: 1000, value: '1', required: true }))),
      element('div', { className: 'stack' }, ...field('needed_by', 'Needed by (optional)', element('input', { type: 'date' })))),
    ...field('deliver_to', 'Deliver to (optional)', element('textarea', { rows: 2, maxLength: 200, autocomplete: 'off' })),
    ...field('reason', 'What is it for? (optional)', element('textarea', { rows: 4, maxLength: 2000 })),
    ...field('attachment', 'Offer or drawing (optional): PDF, JPEG, PNG or text, up to 1 MB',
      element('input', { type: 'file', accept: 'application/pdf,image/jpeg,image/png,text/plain' })),
    element('div', { className: 'actions' }, submit),
    state,
    element('p', { className: 'muted' }, 'Ordering needs the role ', element('code', {}, 'buyer'), '. Without it the service refuses, whatever the page does.'));

  made.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(submit, () => send(made, state));
  });
  return made;
}

/** A label, a field, and room for what is wrong with it. */
function field(name, label, input) {
  const error = element('p', { className: 'field-error', id: `${name}-error` });
  Object.assign(input, { id: name, name });
  input.setAttribute('aria-describedby', error.id);
  return [element('label', { htmlFor: name }, label), input, error];
}

async function send(made, state) {
  TEXTS.concat('attachment').forEach((name) => complain(made, name, ''));
  const file = made.elements.attachment.files[0];
  if (file?.size > LARGEST_FILE) {
    complain(made, 'attachment', 'The file is larger than 1 MB.');
    made.elements.attachment.focus();
    return;
  }
  const say = () => {
    state.textContent = auth.state === 'expired' ? 'Waiting for you to sign in. It is sent then, once.' : 'Sending …';
  };
  const stopSaying = auth.subscribe(say);
  say();
  try {
    const { id } = await service.place(new FormData(made));
    form = null;
    announce(`Order ${id} is placed.`);
    location.hash = `#/orders/${id}`;
  } catch (error) {
    const places = (error.errors ?? []).map(({ pointer, detail }) => complain(made, pointer.slice(1), detail));
    if (!places.some(Boolean)) throw error;
    places.find(Boolean).focus();
  } finally {
    stopSaying();
    state.textContent = '';
  }
}

/** Says what is wrong with a field, at the field. Returns the field, if there is one. */
function complain(made, name, text) {
  const input = name && made.elements.namedItem(name);
  if (!input) return undefined;
  made.querySelector(`#${name}-error`).textContent = text;
  input.ariaInvalid = text ? 'true' : 'false';
  return input;
}
