import { readFileSync } from 'node:fs';

const FOLDER = new URL('../app/', import.meta.url);

const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8' };

/**
 * Serves the app of `app/` under the strictest policy that a real one would have: nothing inline, no string becomes a
 * script or markup.
 */
export function app(places) {
  const sources = [...new Set([places.auth, places.api, places.sockets])].join(' ');
  const policy = [
    `default-src 'none'`,
    `script-src 'self' ${places.auth}`,
    `style-src 'self'`,
    `connect-src 'self' ${sources}`,
    `base-uri 'none'`,
    `form-action 'self' ${places.auth}`,
    `frame-ancestors 'none'`,
    `require-trusted-types-for 'script'`,
    `trusted-types 'none'`,
  ].join('; ');
  return (request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    const head = { 'content-security-policy': policy, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' };
    if (pathname === '/places.json') {
      return response.writeHead(200, { ...head, 'content-type': 'application/json' }).end(JSON.stringify(places));
    }
    const file = pathname === '/' ? 'index.html' : pathname.slice(1);
    const type = TYPES[file.split('.').pop()];
    const found = type && /^[a-z-]+\.\w+$/.test(file) ? content(file) : undefined;
    if (found === undefined) return response.writeHead(404, head).end();
    return response.writeHead(200, { ...head, 'content-type': type }).end(found);
  };
}

function content(file) {
  try {
    return readFileSync(new URL(file, FOLDER));
  } catch {
    return undefined;
  }
}
