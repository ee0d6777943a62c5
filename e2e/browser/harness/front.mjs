import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';

/**
 * What browsers reach: passes requests on, keeps a record of them, and breaks some on request.
 *
 * A route is `(host, path) => target`; a target is the address of a program, or a function that answers by itself.
 */
export class Front {
  #server;
  #route;
  #tls;
  #faults = new Set();
  #sockets = new Set();

  /** Every request so far: `{ method, host, path, headers, status, location }`. */
  record = [];

  /** Opens a front on a free port. With a certificate it speaks TLS. */
  static async open(route, tls) {
    const front = new Front();
    front.#route = route;
    front.#tls = tls !== undefined;
    const handle = (request, response) => front.#handle(request, response);
    front.#server = tls ? https.createServer(tls, handle) : http.createServer(handle);
    front.#server.on('connection', (socket) => {
      front.#sockets.add(socket);
      socket.on('close', () => front.#sockets.delete(socket)).on('error', () => {});
    });
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port() {
    return this.#server.address().port;
  }

  /** Returns the origin that browsers know this front by under a host name. */
  origin(host = 'localhost') {
    return `${this.#tls ? 'https' : 'http'}://${host}:${this.port}`;
  }

  /**
   * Breaks requests from now on, until the returned function is called. `judge(request)` returns one of
   * `undefined` (pass), `{ status, headers }` (answer that instead), `{ delay: ms }`, `'cut'` (drop before it arrives),
   * `'lose'` (let it arrive, drop the answer), `'hang'` (never answer).
   */
  fault(judge) {
    this.#faults.add(judge);
    return () => this.#faults.delete(judge);
  }

  /** Has WebSocket handshakes taken by `take(request, socket, head)`. */
  onHandshake(take) {
    this.#server.on('upgrade', take);
  }

  /** Returns the requests of a method whose path starts like this. */
  requests(method, path) {
    return this.record.filter((seen) => seen.method === method && seen.path.startsWith(path));
  }

  /** Cuts every connection that is open. */
  cut() {
    this.#sockets.forEach((socket) => socket.destroy());
  }

  async close() {
    this.#server.close();
    this.cut();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  async #handle(request, response) {
    const { pathname } = new URL(request.url, 'http://any');
    const host = (request.headers.host ?? '').split(':')[0];
    const seen = { method: request.method, host, path: pathname, status: undefined, headers: request.headers };
    this.record.push(seen);
    response.on('close', () => (seen.status = response.headersSent ? response.statusCode : undefined));
    const fault = [...this.#faults].map((judge) => judge(seen)).find((verdict) => verdict !== undefined);
    if (fault === 'cut') return request.socket.destroy();
    if (fault === 'hang') return undefined;
    if (fault?.delay) await new Promise((resolve) => setTimeout(resolve, fault.delay));
    if (fault?.status) return response.writeHead(fault.status, fault.headers).end();
    const target = this.#route(host, pathname);
    if (typeof target === 'function') return target(request, response);
    if (target === undefined) return request.socket.destroy();
    return pass(target, request, response, { seen, loses: fault === 'lose' });
  }
}

/** Passes a request on as it is, `Host` included: the service behind sees what the browser sent. */
function pass(target, request, response, { seen, loses }) {
  const { hostname, port } = new URL(target);
  const { method, url: path, headers } = request;
  const onward = http.request({ hostname, port, method, path, headers }, (reply) => {
    if (loses) {
      reply.resume().on('end', () => request.socket.destroy());
      return;
    }
    seen.location = reply.headers.location;
    response.writeHead(reply.statusCode, reply.rawHeaders);
    reply.pipe(response);
    reply.on('error', () => response.destroy());
  });
  // Nobody is there, or went away half-way: the browser sees what it sees when a machine is down.
  onward.on('error', () => request.socket.destroy());
  response.on('close', () => onward.destroy());
  request.on('error', () => onward.destroy()).pipe(onward);
}
