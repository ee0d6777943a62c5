/**
 * Server-sent events and WebSockets that live as long as the session: opened again after a refresh or a broken
 * connection, closed when the session ends, open again when the same person is back.
 *
 * One file and no imports, as the auth service serves it.
 *
 * @module
 * @import { Auth, EventsOptions, Platform, ServerEvent, SocketOptions, SocketStream, Stream, StreamEnd, StreamOptions } from './types.js'
 */

/** The longest pause before the next attempt. */
const LONGEST_PAUSE = 30_000;

/** A server that asks for less would be asked without end. */
const SHORTEST_PAUSE = 500;

/** The server closed because of who is asking: policy violation, unauthorized (IANA), and what people use for it. */
const UNAUTHORIZED = [1008, 3000, 4401];

/**
 * Opens a stream of server-sent events. It is read with `auth.fetch`, because the browser's own `EventSource` cannot tell
 * an expired token from a broken line.
 *
 * @param {Auth} auth
 * @param {string | URL} url
 * @param {EventsOptions} options
 * @param {Platform} [env]
 * @returns {Stream}
 */
export function openEvents(auth, url, { onEvent, silence = 0, ...options }, env = globalThis) {
  let lastEventId = '';
  return keepOpen(auth, options, env, async (signal, opened, retryIn) => {
    /** @type {Record<string, string>} */
    const headers = { Accept: 'text/event-stream' };
    if (lastEventId) headers['Last-Event-ID'] = lastEventId;
    const response = await auth.fetch(url, { headers, cache: 'no-store', signal });
    // As the browser's own does it: this answer says "do not come back".
    if (response.status === 204) return 'done';
    // A fault of the server passes. Whatever else is not a stream will not be one next time.
    if (response.status >= 500 || response.status === 429) return 'again';
    if (!response.ok || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) return 'refused';
    opened();
    const parse = eventParser(lastEventId, {
      // An error of the app is the app's to see; the stream goes on.
      event: (event) => queueMicrotask(() => onEvent(event)),
      id: (id) => (lastEventId = id),
      retry: retryIn,
    });
    await read(/** @type {ReadableStream<Uint8Array>} */ (response.body), parse, silence, env);
    return 'again';
  });
}

/**
 * Opens a WebSocket. Why a handshake failed is hidden from scripts, so a failed one is tried again after a refresh.
 *
 * @param {Auth} auth
 * @param {string | URL} url
 * @param {SocketOptions} options
 * @param {Platform} [env]
 * @returns {SocketStream}
 */
export function openSocket(auth, url, { onMessage, protocols = [], ...options }, env = globalThis) {
  /** @type {WebSocket | undefined} */
  let current;
  const stream = keepOpen(auth, options, env, async (signal, opened) => {
    // A handshake takes the cookies that are here. Whose they are is looked at before, as for every call.
    await auth.guard({ method: 'GET', signal }, async () => ({ status: 200, headers: new Headers() }));
    return signal.aborted ? 'again' : connect(signal, opened);
  });

  /**
   * @param {AbortSignal} signal
   * @param {() => void} opened
   * @returns {Promise<'again' | 'unauthorized' | 'done'>}
   */
  function connect(signal, opened) {
    return new Promise((resolve) => {
      /** @type {WebSocket} */
      const socket = new env.WebSocket(url, protocols);
      let wasOpen = false;
      signal.addEventListener('abort', () => {
        socket.close(1000);
        // The close handshake may take its time, or never end.
        resolve('again');
      });
      socket.onopen = () => {
        if (signal.aborted) return;
        wasOpen = true;
        current = socket;
        opened();
      };
      socket.onmessage = (message) => {
        if (!signal.aborted) onMessage(message);
      };
      socket.onclose = ({ code }) => {
        if (current === socket) current = undefined;
        resolve(!wasOpen || UNAUTHORIZED.includes(code) ? 'unauthorized' : code === 1000 ? 'done' : 'again');
      };
    });
  }

  return {
    ...stream,
    send(data) {
      if (current?.readyState !== 1) return false;
      current.send(data);
      return true;
    },
  };
}

/**
 * The life of a stream. `connect` opens one connection and resolves when that is over.
 *
 * @param {Auth} auth
 * @param {StreamOptions} options
 * @param {Platform} env
 * @param {(signal: AbortSignal, opened: () => void, retryIn: (milliseconds: number) => void) => Promise<'again' | 'unauthorized' | 'refused' | 'done'>} connect
 * @returns {Stream}
 */
function keepOpen(auth, { onOpen, onClose, reopenAfterRefresh = true }, env, connect) {
  let failures = 0;
  let firstPause = 1000;
  let isOpen = false;
  /** A refresh was tried for the connection that failed last: the next failure has another cause. */
  let refreshed = false;
  /** @type {StreamEnd | undefined} */
  let ended;
  let connection = new AbortController();
  const ending = new AbortController();

  /** @param {StreamEnd} reason */
  function end(reason) {
    if (ended) return;
    ended = reason;
    for (const stop of following) stop();
    ending.abort();
    connection.abort();
    onClose?.(reason);
  }

  const following = [
    auth.on('expired', () => connection.abort()),
    auth.on('signedout', () => end('session_ended')),
    auth.on('userchanged', () => end('user_changed')),
    // What the server knows about the caller is as old as the connection.
    auth.on('refreshed', () => reopenAfterRefresh && isOpen && connection.abort()),
  ];

  function opened() {
    failures = 0;
    refreshed = false;
    isOpen = true;
    if (onOpen) queueMicrotask(onOpen);
  }

  async function run() {
    await auth.ready;
    while (!ended) {
      if (auth.state === 'out') return end('session_ended');
      if (auth.state !== 'in') {
        await somethingChanged();
        continue;
      }
      connection = new AbortController();
      const outcome = await connect(connection.signal, opened, (milliseconds) => (firstPause = Math.max(milliseconds, SHORTEST_PAUSE)))
        // The network, or a refresh that could not be had: both pass.
        .catch(() => /** @type {const} */ ('again'));
      isOpen = false;
      // Closed on purpose, to be opened again at once or when somebody has signed in.
      if (connection.signal.aborted) continue;
      if (outcome === 'done' || outcome === 'refused') return end(outcome);
      if (outcome === 'unauthorized' && !refreshed) {
        refreshed = true;
        // If it fails, the session is over or the service away, and both are noticed here.
        await auth.refresh().catch(() => {});
        continue;
      }
      await pause();
    }
  }

  function somethingChanged() {
    return new Promise((resolve) => {
      const stop = auth.subscribe(() => {
        stop();
        resolve(undefined);
      });
      ending.signal.addEventListener('abort', resolve);
    });
  }

  /** Waits before the next attempt; longer each time, everybody another time, and not while it is clear that it can work. */
  function pause() {
    const longest = Math.max(LONGEST_PAUSE, firstPause);
    const wait = Math.min(longest, firstPause * 2 ** failures++) * (0.5 + env.Math.random() / 2);
    return new Promise((resolve) => {
      const over = new AbortController();
      const finish = () => {
        over.abort();
        env.clearTimeout(timer);
        resolve(undefined);
      };
      const timer = env.setTimeout(finish, wait);
      ending.signal.addEventListener('abort', finish, { signal: over.signal });
      env.addEventListener?.('online', finish, { signal: over.signal });
    });
  }

  run();
  return { close: () => end('closed') };
}

/**
 * Reads until the stream ends, or has been silent for too long: a line can be dead without anybody saying so.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {(text: string) => void} parse
 * @param {number} silence milliseconds; 0 waits for ever
 * @param {Platform} env
 */
async function read(body, parse, silence, env) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const timer = silence && env.setTimeout(() => reader.cancel(), silence);
    const { done, value } = await reader.read().finally(() => env.clearTimeout(timer));
    if (done) return;
    parse(decoder.decode(value, { stream: true }));
  }
}

/**
 * Returns what takes the text of an event stream in pieces and finds the events in it (HTML, "Server-sent events" §9.2.6).
 *
 * @param {string} lastEventId the id that was reached on the connection before
 * @param {{ event: (event: ServerEvent) => void, id: (id: string) => void, retry: (milliseconds: number) => void }} found
 * @returns {(text: string) => void}
 */
export function eventParser(lastEventId, found) {
  let rest = '';
  let type = '';
  /** @type {string[]} */
  let data = [];

  /** @param {string} line */
  function take(line) {
    if (!line) {
      found.id(lastEventId);
      if (data.length) found.event({ type: type || 'message', data: data.join('\n'), lastEventId });
      data = [];
      type = '';
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) lastEventId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) found.retry(Number(value));
  }

  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    // Not ended yet; nor is a carriage return, whose line feed may be still to come.
    rest = /** @type {string} */ (lines.pop());
    lines.forEach(take);
  };
}
