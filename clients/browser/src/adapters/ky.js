/**
 * Returns what makes a ky instance go through `auth`: `ky.create(kyOptions(auth))`.
 *
 * @param {import('../types.js').Auth} auth
 * @returns {import('ky').Options}
 */
export function kyOptions(auth) {
  return {
    fetch: auth.fetch,
    // A call may wait for somebody to type a password. Whoever waits for less hands in a signal.
    timeout: false,
    hooks: {
      beforeRequest: [
        // ky 2 hands over one object, ky 1 the request itself.
        (/** @type {any} */ given) => {
          /** @type {Request} */
          const request = given.request ?? given;
          // ky repeats calls as well, each time as a call of its own: the key must be the same in all of them.
          const unsafe = !/^(GET|HEAD|OPTIONS)$/.test(request.method);
          if (unsafe && auth.covers(request.url) && !request.headers.has('Idempotency-Key')) {
            request.headers.set('Idempotency-Key', crypto.getRandomValues(new Uint32Array(4)).join('-'));
          }
        },
      ],
      beforeRetry: [
        ({ error }) => {
          // `user_changed` above all must not be tried again: that would be in the name of somebody else.
          if (error.name === 'AuthError') throw error;
        },
      ],
    },
  };
}
