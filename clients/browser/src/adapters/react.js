import { useSyncExternalStore } from 'react';

/**
 * Returns who is signed in; the component is rendered again when that changes.
 *
 * @param {import('../types.js').Auth} auth
 * @returns {import('../types.js').Snapshot}
 */
export function useAuth(auth) {
  return useSyncExternalStore(auth.subscribe, auth.snapshot, auth.snapshot);
}
