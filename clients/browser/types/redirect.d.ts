import type { Auth, Platform, RedirectOptions } from '../src/types.js';

/** Returns what leaves for the sign-in page; the same user gets back what was kept. */
export declare function redirectToSignIn<T>(auth: Auth, options?: RedirectOptions<T>, env?: Platform): () => void;

/** Returns the address of the sign-in page that leads back to `returnTo`. */
export declare function signInPage(auth: Auth, returnTo: string): string;
