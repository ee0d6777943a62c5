/**
 * `<auth-dialog>`: when the session has ended, the user signs in over the page, and everything goes on where it stood.
 *
 *     const dialog = document.createElement('auth-dialog');
 *     dialog.auth = auth;
 *     document.body.append(dialog);
 *
 * Works under a strict Content-Security-Policy and with Trusted Types: no inline style, no HTML out of strings.
 *
 * @module
 * @import { Auth, AuthError, DialogTexts } from './types.js'
 */

/** @type {Record<string, DialogTexts>} */
const TEXTS = {
  en: {
    title: 'Sign in again',
    why: 'Your session has ended. Nothing is lost: once you have signed in, everything goes on where it stood.',
    login: 'Signed in as',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    later: 'Not now',
    page: 'Use the sign-in page (new tab)',
    somebodyElse: 'Sign in as somebody else',
    discards: 'What you have not saved here will be gone.',
    reopen: 'Your session has ended. Sign in',
    changedTitle: 'Somebody else has signed in',
    changed: 'This page belongs to the person who was signed in before. Load it again to go on.',
    reload: 'Load again',
    missing: 'Enter your password.',
    invalid_credentials: 'The password is not right.',
    account_disabled: 'This account is disabled.',
    rate_limited: 'Too many attempts. Try again in {seconds} seconds.',
    network: 'There is no answer. Check the connection and try again.',
    other: 'That did not work. Try again in a moment.',
  },
  de: {
    title: 'Erneut anmelden',
    why: 'Ihre Sitzung ist beendet. Es geht nichts verloren: Nach der Anmeldung geht alles dort weiter, wo es stand.',
    login: 'Angemeldet als',
    password: 'Passwort',
    show: 'Passwort anzeigen',
    submit: 'Anmelden',
    later: 'Nicht jetzt',
    page: 'Zur Anmeldeseite (neuer Tab)',
    somebodyElse: 'Als jemand anderes anmelden',
    discards: 'Was hier nicht gespeichert ist, geht verloren.',
    reopen: 'Ihre Sitzung ist beendet. Anmelden',
    changedTitle: 'Jemand anderes hat sich angemeldet',
    changed: 'Diese Seite gehört der Person, die vorher angemeldet war. Laden Sie sie neu, um weiterzumachen.',
    reload: 'Neu laden',
    missing: 'Geben Sie Ihr Passwort ein.',
    invalid_credentials: 'Das Passwort stimmt nicht.',
    account_disabled: 'Dieses Konto ist gesperrt.',
    rate_limited: 'Zu viele Versuche. Versuchen Sie es in {seconds} Sekunden noch einmal.',
    network: 'Keine Antwort. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.',
    other: 'Das hat nicht geklappt. Versuchen Sie es gleich noch einmal.',
  },
};

const STYLE = `
  :host { --accent: var(--auth-accent, light-dark(#2456c9, #a9c1ff)); --on-accent: var(--auth-on-accent, light-dark(#fff, #10182b)); }
  dialog { box-sizing: border-box; width: min(26rem, calc(100vw - 2rem)); padding: 1.5rem; border: 1px solid GrayText;
    border-radius: .75rem; background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif; }
  dialog::backdrop { background: rgb(0 0 0 / .5); }
  dialog.opaque::backdrop { background: Canvas; }
  h2 { margin: 0 0 .5rem; font-size: 1.25rem; line-height: 1.3; }
  p { margin: 0 0 1rem; }
  label { display: block; margin-bottom: .25rem; font-weight: 600; }
  label.check { display: flex; gap: .5rem; align-items: center; margin: .5rem 0 1rem; font-weight: 400; }
  input:not([type=checkbox]) { box-sizing: border-box; width: 100%; min-height: 2.75rem; margin-bottom: .75rem;
    padding: .5rem .75rem; border: 1px solid GrayText; border-radius: .375rem; background: Field; color: FieldText;
    font: inherit; }
  input[readonly] { border-color: transparent; padding-inline: 0; background: transparent; color: inherit; }
  input[type=checkbox] { width: 1.25rem; height: 1.25rem; margin: 0; }
  button { min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid GrayText; border-radius: .375rem;
    background: ButtonFace; color: ButtonText; font: inherit; cursor: pointer; }
  button.primary { border-color: transparent; background: var(--accent); color: var(--on-accent);
    font-weight: 600; }
  button[aria-disabled=true] { opacity: .6; cursor: progress; }
  .row { display: flex; flex-wrap: wrap; gap: .5rem; }
  .row .primary { flex: 1; }
  .ways { margin: 1.25rem 0 0; font-size: .9rem; }
  .ways > * { display: block; margin-top: .5rem; }
  .ways button { min-height: 1.5rem; padding: 0; border: 0; background: none; color: var(--accent); text-align: start;
    text-decoration: underline; }
  a { color: var(--accent); }
  .error { padding: .5rem .75rem; border-inline-start: .25rem solid; color: var(--auth-error, CanvasText); font-weight: 600; }
  .reopen { font: 1rem/1.5 system-ui, sans-serif; position: fixed; inset: auto 1rem 1rem auto; z-index: 2147483647; box-shadow: 0 .25rem 1rem rgb(0 0 0 / .3); }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  [hidden] { display: none !important; }
`;

// Where there is no document (rendering on a server), the module still loads.
const Base = globalThis.HTMLElement ?? /** @type {typeof HTMLElement} */ (class {});

export class AuthDialog extends Base {
  /** Texts by language; add one, or change a word. */
  static texts = TEXTS;

  /** @type {Auth | undefined} */
  #auth;
  /** @type {(() => void)[]} */
  #following = [];
  /** @type {Record<string, any>} */
  #parts = {};
  #busy = false;
  /** Somebody else has signed in. Whatever comes now, this page is not shown to them, nor to anybody after them. */
  #changed = false;

  /** The object that knows who is signed in. */
  get auth() {
    return this.#auth;
  }

  set auth(auth) {
    this.#auth = auth;
    if (this.isConnected) this.#follow();
  }

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    this.#follow();
  }

  disconnectedCallback() {
    this.#unfollow();
    this.#close();
  }

  #follow() {
    this.#unfollow();
    const auth = this.#auth;
    if (!auth) return;
    const close = () => this.#changed || this.#close();
    this.#following = [
      auth.on('expired', () => this.#open()),
      auth.on('restored', close),
      auth.on('signedin', close),
      auth.on('signedout', close),
      auth.on('userchanged', () => this.#showChanged()),
    ];
    // Taken out and put in again, as when a framework moves it.
    if (this.#changed) this.#showChanged();
    else if (auth.state === 'expired') this.#open();
  }

  #unfollow() {
    for (const stop of this.#following) stop();
    this.#following = [];
  }

  #texts() {
    const language = this.closest('[lang]')?.getAttribute('lang') ?? navigator.language;
    return TEXTS[language.toLowerCase()] ?? TEXTS[language.split('-')[0].toLowerCase()] ?? TEXTS.en;
  }

  #build() {
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const p = this.#parts;
    p.title = element('h2', { id: 'title' });
    p.why = element('p', { id: 'why' });
    p.loginLabel = element('label', { htmlFor: 'login' });
    p.login = element('input', { id: 'login', name: 'username', autocomplete: 'username', readOnly: true });
    p.passwordLabel = element('label', { htmlFor: 'password' });
    p.password = element('input', { id: 'password', name: 'password', type: 'password', autocomplete: 'current-password' });
    p.show = element('input', { type: 'checkbox', id: 'show' });
    p.showText = element('span');
    p.error = element('p', { className: 'error', id: 'error', hidden: true });
    p.submit = element('button', { className: 'primary', type: 'submit' });
    p.later = element('button', { type: 'button' });
    p.page = element('a', { target: '_blank', rel: 'noopener' });
    p.somebodyElse = element('button', { type: 'button' });
    p.discards = element('small', { id: 'discards' });
    p.form = element('form', { method: 'dialog', noValidate: true },
      p.loginLabel, p.login, p.passwordLabel, p.password,
      element('label', { className: 'check' }, p.show, p.showText),
      p.error,
      element('div', { className: 'row' }, p.submit, p.later),
      element('div', { className: 'ways' }, p.page, p.somebodyElse, p.discards));
    p.reload = element('button', { className: 'primary', type: 'button', hidden: true });
    p.dialog = element('dialog', {}, p.title, p.why, p.form, p.reload);
    p.reopen = element('button', { className: 'reopen primary', type: 'button', hidden: true });
    p.error.setAttribute('role', 'alert');
    p.dialog.setAttribute('aria-labelledby', 'title');
    p.dialog.setAttribute('aria-describedby', 'why');
    p.somebodyElse.setAttribute('aria-describedby', 'discards');
    for (const name of ['dialog', 'title', 'form', 'submit', 'later', 'error', 'reopen']) p[name].setAttribute('part', name);
    root.append(p.dialog, p.reopen);

    p.form.addEventListener('submit', (/** @type {Event} */ event) => this.#submit(event));
    p.show.addEventListener('change', () => (p.password.type = p.show.checked ? 'text' : 'password'));
    p.later.addEventListener('click', () => this.#later());
    // Escape. A page of somebody else must not be uncovered by it.
    p.dialog.addEventListener('cancel', (/** @type {Event} */ event) => {
      event.preventDefault();
      if (p.reload.hidden) this.#later();
    });
    p.dialog.addEventListener('close', () => this.#closed());
    p.somebodyElse.addEventListener('click', () => this.#somebodyElse());
    p.reopen.addEventListener('click', () => this.#open());
    p.reload.addEventListener('click', () => location.reload());
  }

  /** @param {DialogTexts} texts */
  #write(texts) {
    const p = this.#parts;
    p.title.textContent = texts.title;
    p.why.textContent = texts.why;
    p.loginLabel.textContent = texts.login;
    p.passwordLabel.textContent = texts.password;
    p.showText.textContent = texts.show;
    p.submit.textContent = texts.submit;
    p.later.textContent = texts.later;
    p.page.textContent = texts.page;
    p.somebodyElse.textContent = texts.somebodyElse;
    p.discards.textContent = texts.discards;
    p.reload.textContent = texts.reload;
    p.reopen.textContent = texts.reopen;
  }

  #open() {
    if (this.#changed) return;
    const p = this.#parts;
    const user = this.#auth?.user;
    this.#write(this.#texts());
    p.login.value = user?.preferred_username ?? user?.email ?? '';
    p.page.href = this.#auth?.base + '/auth/sign-in';
    p.form.hidden = false;
    p.reload.hidden = true;
    p.reopen.hidden = true;
    this.#say('');
    // Remembers where the focus was, and gives it back at `close`.
    if (!p.dialog.open) p.dialog.showModal();
    p.password.focus();
  }

  #close() {
    const p = this.#parts;
    if (!p.dialog) return;
    p.reopen.hidden = true;
    this.#forgetPassword();
    if (p.dialog.open) p.dialog.close();
  }

  /** Somebody wants to look something up first. Calls go on waiting, and the way back stays in sight. */
  #later() {
    this.#close();
    this.#parts.reopen.hidden = false;
  }

  /** Whoever presses Escape again and again is not asked any more: the browser closes every dialog in the end. */
  #closed() {
    const { dialog } = this.#parts;
    if (!this.isConnected || dialog.open) return;
    if (this.#changed) dialog.showModal();
    else if (this.#auth?.state === 'expired') this.#later();
  }

  /** Covers what the person before had open. */
  #showChanged() {
    this.#changed = true;
    const p = this.#parts;
    p.dialog.classList.add('opaque');
    // Where browsers know this, Escape does not even uncover it for a moment.
    p.dialog.setAttribute('closedby', 'none');
    const texts = this.#texts();
    this.#write(texts);
    this.#forgetPassword();
    p.title.textContent = texts.changedTitle;
    p.why.textContent = texts.changed;
    p.form.hidden = true;
    p.reopen.hidden = true;
    p.reload.hidden = false;
    if (!p.dialog.open) p.dialog.showModal();
    p.reload.focus();
  }

  #forgetPassword() {
    const p = this.#parts;
    p.password.value = '';
    p.password.type = 'password';
    p.show.checked = false;
  }

  /** @param {string} text */
  #say(text) {
    const { error, password } = this.#parts;
    error.textContent = text;
    error.hidden = !text;
    password.setAttribute('aria-invalid', String(!!text));
    if (text) password.setAttribute('aria-describedby', 'error');
    else password.removeAttribute('aria-describedby');
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const p = this.#parts;
    const texts = this.#texts();
    if (this.#busy || !this.#auth) return;
    this.#say('');
    if (!p.password.value) {
      this.#say(texts.missing);
      return p.password.focus();
    }
    this.#setBusy(true);
    try {
      await this.#auth.signIn({ login: p.login.value, password: p.password.value });
    } catch (error) {
      this.#say(describe(/** @type {AuthError} */ (error), texts));
      p.password.select();
      p.password.focus();
    } finally {
      this.#setBusy(false);
    }
  }

  async #somebodyElse() {
    const auth = this.#auth;
    if (this.#busy || !auth) return;
    this.#setBusy(true);
    try {
      await auth.signOut();
      location.assign(auth.base + '/auth/sign-in?return_to=' + encodeURIComponent(location.href));
    } catch (error) {
      this.#say(describe(/** @type {AuthError} */ (error), this.#texts()));
    } finally {
      this.#setBusy(false);
    }
  }

  /**
   * Not `disabled`: that would lose the focus.
   *
   * @param {boolean} busy
   */
  #setBusy(busy) {
    this.#busy = busy;
    this.#parts.submit.setAttribute('aria-disabled', String(busy));
  }
}

/**
 * @param {AuthError} error
 * @param {DialogTexts} texts
 */
function describe({ code, retryAfter }, texts) {
  if (code === 'rate_limited' && retryAfter) return texts.rate_limited.replace('{seconds}', String(retryAfter));
  if (code === 'network' || code === 'timeout') return texts.network;
  if (code === 'invalid_credentials' || code === 'account_disabled') return texts[code];
  return texts.other;
}

/**
 * @param {string} tag
 * @param {object} [properties]
 * @param {...Node} children
 * @returns {any}
 */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return Object.assign(made, properties);
}

if (globalThis.customElements && !customElements.get('auth-dialog')) customElements.define('auth-dialog', AuthDialog);
