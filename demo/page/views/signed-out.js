// Nobody is signed in: a form, and people to choose from.

import { sentence } from '../attempt.js';
import { config } from '../config.js';
import { card, chips, element } from '../dom.js';
import { auth } from '../session.js';

export function signedOut() {
  const login = element('input', { id: 'login', name: 'login', autocomplete: 'username', autocapitalize: 'none', spellcheck: false, required: true });
  const password = element('input', { id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const error = element('p', { className: 'field-error', role: 'alert' });
  const submit = element('button', { type: 'submit', className: 'primary' }, 'Sign in');
  const form = element('form', { className: 'card', noValidate: true },
    element('h1', {}, 'Sign in'),
    element('p', { className: 'muted' }, 'Once, at the auth service. Both services behind this page then know who you are.'),
    element('label', { htmlFor: 'login' }, 'User name or e-mail'), login,
    element('label', { htmlFor: 'password' }, 'Password'), password,
    error, submit);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.ariaBusy === 'true') return;
    submit.ariaBusy = 'true';
    error.textContent = '';
    try {
      await auth.signIn({ login: login.value, password: password.value });
    } catch (cause) {
      error.textContent = sentence(cause);
      password.select();
    } finally {
      submit.ariaBusy = 'false';
    }
  });

  const people = config.people.map((person) => {
    const choose = element('button', { type: 'button' },
      element('strong', {}, person.username), element('small', {}, person.org_id), chips(person.roles, 'no roles'));
    choose.addEventListener('click', () => {
      login.value = person.username;
      password.value = person.password;
      error.textContent = '';
      submit.focus();
    });
    return element('li', {}, choose);
  });
  const chooser = card('Who could you be?', 2,
    element('p', { className: 'muted' }, 'Two organisations, different roles. Choose somebody to fill in the form.'),
    element('ul', { className: 'people' }, ...people));
  return { title: 'Sign in', node: element('div', { className: 'two' }, form, chooser) };
}
