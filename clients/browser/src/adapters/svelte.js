/**
 * Returns who is signed in, as a store: `const session = authStore(auth)`, then `$session.user`.
 *
 * @param {import('../types.js').Auth} auth
 * @returns {import('svelte/store').Readable<import('../types.js').Snapshot>}
 */
export function authStore(auth) {
  return {
    subscribe(run) {
      const stop = auth.subscribe(() => run(auth.snapshot()));
      run(auth.snapshot());
      return stop;
    },
  };
}
