// Listens to every request of the page, the auth client's own included: this is a demo, and that is what it shows.

const plainFetch = globalThis.fetch;
const listeners = new Set();

/**
 * @typedef {{ method: string, url: string, status: number, code: string, detail: string, ms: number }} Exchange
 *   `status` 0: no answer came.
 */

/**
 * Tells of every request once it is answered, until the returned function is called.
 *
 * @param {(exchange: Exchange) => void} listener
 */
export function onExchange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

globalThis.fetch = async (input, init) => {
  const started = performance.now();
  const url = input instanceof Request ? input.url : String(new URL(input, location.href));
  const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
  const tell = (status, { code = '', detail = '', title = '' } = {}) => {
    const ms = performance.now() - started;
    for (const listener of listeners) listener({ method, url, status, code, detail: detail || title, ms });
  };
  let response;
  try {
    response = await plainFetch(input, init);
  } catch (error) {
    tell(0, { code: error.name === 'AbortError' ? 'given up' : 'no answer' });
    throw error;
  }
  // A refusal says why. The caller gets to read it too.
  tell(response.status, response.ok ? {} : await response.clone().json().catch(() => ({})));
  return response;
};
