import { createHash } from 'node:crypto';

const JSON_TYPE = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/**
 * A service of the app, in the way of one in any language: it asks the auth service (`GET /auth/check`) who calls, and
 * counts what reaches it. Paths: `/api/echo`, `/api/reports` (keeps what is sent), `/api/own-401` (a refusal of its own),
 * `/api/events` (server-sent events).
 */
export class Api {
  #check;
  #origins;
  #streams = new Map();

  /** What was sent to `/api/reports` and accepted: `{ user, key, size, digest, type }`. */
  reports = [];

  /** How many streams were opened so far, and by whom. */
  opened = [];

  /** `check` returns the auth service's address at this moment; `origins` are the pages that may read answers. */
  constructor(check, origins = []) {
    this.#check = check;
    this.#origins = origins;
  }

  /** Answers a request. */
  handle = async (request, response) => {
    this.#allowOrigin(request, response);
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    const { pathname } = new URL(request.url, 'http://any');
    // A body that nobody has read yet must be, or the browser sees a broken connection instead of the refusal.
    const body = await read(request);
    if (pathname === '/api/own-401') return response.writeHead(401, JSON_TYPE).end('{"code":"pin_required"}');
    const user = await this.#authenticate(request, response);
    if (user === undefined) return undefined;
    if (pathname === '/api/events') return this.#stream(user, response);
    if (pathname === '/api/reports' && request.method === 'POST') return this.#take(user, request, body, response);
    if (pathname === '/api/echo') return response.writeHead(200, JSON_TYPE).end(JSON.stringify({ user }));
    return response.writeHead(404, JSON_TYPE).end('{}');
  };

  /** Sends an event to every stream that is open. */
  emit(data) {
    this.#streams.forEach((_, response) => response.write(`data: ${data}\n\n`));
  }

  /** Ends every stream, as a service does when the token of a stream has run out. */
  endStreams() {
    this.#streams.forEach((_, response) => response.end());
  }

  /** How many streams are open at this moment. */
  get open() {
    return this.#streams.size;
  }

  #allowOrigin({ headers }, response) {
    if (!this.#origins.includes(headers.origin)) return;
    response.setHeader('access-control-allow-origin', headers.origin);
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-allow-methods', 'GET, POST');
    response.setHeader('access-control-allow-headers', 'content-type, x-handstamp, idempotency-key, last-event-id');
    response.setHeader('access-control-expose-headers', 'www-authenticate, retry-after');
    response.setHeader('access-control-max-age', '600');
    response.setHeader('vary', 'origin');
  }

  /** Asks the auth service who calls. Returns its answer, or nothing when there is none. */
  check(request) {
    const asked = ['cookie', 'authorization', 'origin', 'sec-fetch-site', 'x-handstamp'];
    const headers = Object.fromEntries(asked.filter((name) => request.headers[name]).map((name) => [name, request.headers[name]]));
    const all = { ...headers, 'x-forwarded-method': request.method };
    return fetch(`${this.#check()}/auth/check`, { headers: all }).catch(() => undefined);
  }

  /** Returns who calls; a refusal of the auth service is passed on as it is. */
  async #authenticate(request, response) {
    const reply = await this.check(request);
    if (!reply) {
      response.writeHead(503, { ...JSON_TYPE, 'retry-after': '1' }).end('{"code":"unavailable"}');
      return undefined;
    }
    if (reply.ok) return reply.headers.get('x-handstamp-username');
    for (const name of ['content-type', 'www-authenticate', 'retry-after']) {
      if (reply.headers.has(name)) response.setHeader(name, reply.headers.get(name));
    }
    response.writeHead(reply.status).end(await reply.text());
    return undefined;
  }

  #take(user, request, body, response) {
    const digest = createHash('sha256').update(body).digest('hex');
    const { 'idempotency-key': key, 'content-type': type } = request.headers;
    this.reports.push({ user, key, size: body.length, digest, type, body });
    response.writeHead(201, JSON_TYPE).end(JSON.stringify({ number: this.reports.length }));
  }

  #stream(user, response) {
    this.opened.push(user);
    this.#streams.set(response, user);
    response.on('close', () => this.#streams.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`data: hello ${user}\n\n`);
  }
}

async function read(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}
