import { getCurrentScope, onScopeDispose, shallowReadonly, shallowRef } from 'vue';

/**
 * Returns who is signed in, as a reference that follows it until the component, or the effect scope, is gone.
 *
 * @param {import('../types.js').Auth} auth
 * @returns {Readonly<import('vue').Ref<import('../types.js').Snapshot>>}
 */
export function useAuth(auth) {
  const snapshot = shallowRef(auth.snapshot());
  const stop = auth.subscribe(() => {
    snapshot.value = auth.snapshot();
  });
  if (getCurrentScope()) onScopeDispose(stop);
  return shallowReadonly(snapshot);
}
