/** A small app behind a gateway: a page with a link to sign in, and what it is told of whoever asks. */
export function shop(request, response) {
  if (request.url.startsWith('/api/')) {
    // The gateway has verified it: nothing else gets here.
    const [, payload] = (request.headers.authorization ?? '').split('.');
    return response.setHeader('content-type', 'application/json').end(Buffer.from(payload, 'base64url'));
  }
  const here = encodeURIComponent(request.url);
  const page = `<!doctype html><title>Shop</title><h1>${request.headers['x-forwarded-host']}</h1><a href="/auth/sign-in?return_to=${here}">Sign in</a>`;
  return response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
}
