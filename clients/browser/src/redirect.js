/**
 * The way over the sign-in page, for apps that cannot show a dialog: the page is left, and when the same person is back
 * it is given what it asked to keep.
 *
 * @module
 * @import { Auth, Platform, RedirectOptions } from './types.js'
 */

/**
 * Returns what leaves for the sign-in page. What `save` returns is kept in this tab's `sessionStorage`; `restore` gets it
 * once, and only if the same user has signed in.
 *
 * @param {Auth} auth
 * @param {RedirectOptions} [options]
 * @param {Platform} [env]
 * @returns {() => void}
 */
export function redirectToSignIn(auth, { save, restore } = {}, env = globalThis) {
  const key = 'handstamp:' + auth.base;
  const { location } = env;

  function giveBack() {
    const kept = take(env, key);
    if (kept && kept.sub === auth.user?.sub) restore?.(kept.state);
  }

  // Only the start of a page is a return. Later sign-ins find the page as it was.
  const stopWaiting = auth.on('signedin', () => {
    stopWaiting();
    giveBack();
  });
  if (auth.state === 'in') {
    stopWaiting();
    giveBack();
  }
  auth.on('signedout', () => take(env, key));

  return () => {
    try {
      const sub = auth.user?.sub;
      if (save && sub) env.sessionStorage.setItem(key, JSON.stringify({ sub, state: save() }));
    } finally {
      // Even where nothing can be kept: a page that is signed out and stays is no use to anybody.
      location.assign(signInPage(auth, location.href));
    }
  };
}

/**
 * Returns the address of the sign-in page that leads back here.
 *
 * @param {Auth} auth
 * @param {string} returnTo an address of the auth service's own origin or of one that it allows
 */
export function signInPage(auth, returnTo) {
  return `${auth.base}/auth/sign-in?return_to=${encodeURIComponent(returnTo)}`;
}

/**
 * Takes out what was kept: whoever asks first is the only one to get it.
 *
 * @param {Platform} env
 * @param {string} key
 * @returns {{ sub: string, state: unknown } | null}
 */
function take(env, key) {
  try {
    const text = env.sessionStorage.getItem(key);
    env.sessionStorage.removeItem(key);
    return JSON.parse(text);
  } catch {
    // Storage is switched off, or holds what somebody else put there.
    return null;
  }
}
