import { API } from './browser.js';

/** A service that streams: answers `/events` of one tab's network, and keeps each connection in the test's hands. */
export class EventServer {
  /** Every connection, oldest first. */
  connections = [];
  /** Replaces the next answer, where set. */
  answer;

  constructor(tab) {
    const { env, browser } = tab;
    const send = env.fetch;
    env.fetch = async (input, init) => {
      const request = new Request(input, init);
      if (request.url !== `${API}/events`) return send(request);
      request.signal.throwIfAborted();
      await browser.clock.pass(5);
      if (this.answer) return this.answer(request);
      // Refused like any other call, and by the same service.
      if (!browser.service.userOf(browser.cookies)) return send(new Request(`${API}/orders`, request));
      return this.#open(request);
    };
  }

  get newest() {
    return this.connections.at(-1);
  }

  #open(request) {
    const connection = { headers: request.headers, aborted: false };
    const body = new ReadableStream({
      start(controller) {
        connection.send = (text) => controller.enqueue(new TextEncoder().encode(text));
        connection.end = () => controller.close();
        request.signal.addEventListener('abort', () => {
          connection.aborted = true;
          controller.error(request.signal.reason);
        });
      },
      cancel() {
        connection.aborted = true;
      },
    });
    this.connections.push(connection);
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } });
  }
}
