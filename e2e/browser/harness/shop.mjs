import http from 'node:http';
import { once } from 'node:events';

/** A small app behind a gateway: a page with a link to sign in, and what it is told of whoever asks. */
export class Shop {
  #server;

  static async open() {
    const shop = new Shop();
    shop.#server = http.createServer(answer).listen(0, '127.0.0.1');
    await once(shop.#server, 'listening');
    return shop;
  }

  get address() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async close() {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

function answer(request, response) {
  if (request.url.startsWith('/api/')) {
    // The gateway has verified it: nothing else gets here.
    const [, payload] = (request.headers.authorization ?? '').split('.');
    return response.setHeader('content-type', 'application/json').end(Buffer.from(payload, 'base64url'));
  }
  const here = encodeURIComponent(request.url);
  const page = `<!doctype html><title>Shop</title><h1>${request.headers['x-forwarded-host']}</h1><a href="/auth/sign-in?return_to=${here}">Sign in</a>`;
  return response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
}
