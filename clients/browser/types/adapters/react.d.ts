import type { Auth, Snapshot } from '../../src/types.js';

/** Returns who is signed in; the component is rendered again when that changes. */
export declare function useAuth(auth: Auth): Snapshot;
