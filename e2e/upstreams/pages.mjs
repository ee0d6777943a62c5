/** The provider's pages: plain forms, so that people and programs can use them. */

/** Asks who is there. Every password is right: what is tested lies behind this page. */
export function signInPage(action) {
  return page(
    'Sign in to Acme',
    `<form method="post" action="${action}">
      <label>Name <input name="login" autocomplete="username" required autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password"></label>
      <button>Sign in</button>
    </form>
    <form method="post" action="${action}/abort"><button>Cancel</button></form>`,
  );
}

/** Asks whether to sign out; `form` is the provider's own form. */
export function signOutPage(form) {
  return page('Sign out of Acme?', `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`);
}

/** Says that it is done. */
export function signedOutPage() {
  return page('Signed out of Acme', '<p>See you.</p>');
}

/** Says what is wrong. */
export function errorPage({ error, error_description: description }) {
  return page('Acme cannot do that', `<p>${escape(error)}: ${escape(description ?? '')}</p>`);
}

function page(title, content) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <style>
      body { font: 1rem/1.5 sans-serif; max-width: 22rem; margin: 4rem auto; padding: 0 1rem }
      label { display: block; margin-bottom: 1rem } input { display: block; width: 100%; font: inherit; padding: .4rem; box-sizing: border-box }
      button { font: inherit; padding: .4rem 1rem; margin-bottom: .5rem }
    </style>
    <main><h1>${title}</h1>${content}</main></html>`;
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
