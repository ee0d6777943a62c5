import type { Readable } from 'svelte/store';
import type { Auth, Snapshot } from '../../src/types.js';

/** Returns who is signed in, as a store. */
export declare function authStore(auth: Auth): Readable<Snapshot>;
