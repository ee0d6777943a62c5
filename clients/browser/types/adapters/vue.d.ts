import type { Ref } from 'vue';
import type { Auth, Snapshot } from '../../src/types.js';

/** Returns who is signed in, as a reference that follows it until the component, or the effect scope, is gone. */
export declare function useAuth(auth: Auth): Readonly<Ref<Snapshot>>;
