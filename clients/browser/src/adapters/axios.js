import { CanceledError, getAdapter } from 'axios';

/**
 * Carries the calls of an axios instance through refresh and sign-in, and returns the instance.
 *
 * @template {import('axios').AxiosInstance} T
 * @param {import('../types.js').Auth} auth
 * @param {T} instance
 * @returns {T}
 */
export function withAuth(auth, instance) {
  const given = instance.defaults.adapter;
  /** @param {import('axios').InternalAxiosRequestConfig} config */
  const send = (config) => getAdapter(given, config)(config);
  instance.defaults.adapter = async (config) => {
    if (!auth.covers(instance.getUri(config))) return send(config);
    const signal = /** @type {AbortSignal | undefined} */ (config.signal);
    const call = { method: (config.method ?? 'get').toUpperCase(), signal, once: isStream(config.data) };
    config.withCredentials = true;
    try {
      const answer = await auth.guard(call, (headers) => {
        // The app's own headers win.
        for (const name in headers) config.headers.set(name, headers[name], false);
        return send(config).then(answered, refused);
      });
      if (answer.error) throw answer.error;
      return answer.response;
    } catch (error) {
      // An axios call that is aborted fails as axios calls do.
      throw signal?.aborted && error === signal.reason ? new CanceledError(undefined, config) : error;
    }
  };
  return instance;
}

/**
 * @param {import('axios').AxiosResponse} response
 * @param {unknown} [error]
 */
function answered(response, error) {
  const headers = /** @type {import('axios').AxiosHeaders} */ (response.headers);
  return { status: response.status, headers, response, error };
}

/** @param {import('axios').AxiosError} error */
function refused(error) {
  if (!error.response) throw error;
  return answered(error.response, error);
}

/** @param {any} data */
function isStream(data) {
  return !!(data?.getReader || data?.pipe);
}
