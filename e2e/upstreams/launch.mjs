import http from 'node:http';
import { once } from 'node:events';

/** People reach upstreams under a host of their own: what browsers say between sites holds here too. */
const HOST = '127.0.0.1';

/** Returns what the test wants: one JSON argument. */
export function wanted() {
  return JSON.parse(process.argv[2] ?? '{}');
}

/**
 * Opens a server on a free port and returns `{ origin, serve }`: its handler often needs to know the origin first.
 * A request that comes before there is a handler finds nobody.
 */
export async function open() {
  let handler = (request) => request.socket.destroy();
  const server = http.createServer((request, response) => handler(request, response));
  server.listen(0, HOST);
  await once(server, 'listening');
  return { origin: `http://${HOST}:${server.address().port}`, serve: (given) => (handler = given) };
}

/** Says in one line of JSON that everything is ready, and ends when whoever started this is gone. */
export function ready(told) {
  process.stdin.on('end', () => process.exit()).resume();
  console.log(JSON.stringify(told));
}

/** Returns the body of a request as text. */
export async function body(request) {
  request.setEncoding('utf8');
  let text = '';
  for await (const part of request) text += part;
  return text;
}

/** Answers with JSON. */
export function json(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
