import type { Auth, DialogTexts } from '../src/types.js';

/** `<auth-dialog>`: sign in over the page when the session has ended. */
export declare class AuthDialog extends HTMLElement {
  /** Texts by language; add one, or change a word. */
  static texts: Record<string, DialogTexts>;
  /** The object that knows who is signed in. */
  auth: Auth | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    'auth-dialog': AuthDialog;
  }
}
