import { WebSocketServer } from 'ws';

/**
 * The WebSockets of the app's service. One is admitted as a request is: by asking the auth service about the cookies of its
 * handshake. Any page can open one, and no preflight asks first, so the service looks at `Origin` itself.
 */
export class Sockets {
  #server = new WebSocketServer({ noServer: true });
  #check;
  #origins;

  /** Who opened one, in order. */
  opened = [];

  /** The status of every handshake that was refused. */
  refused = [];

  /** `check(request)` returns the auth service's answer; `origins` are the pages that may open a socket. */
  constructor(check, origins) {
    this.#check = check;
    this.#origins = origins;
  }

  /** Takes a handshake, or refuses it. */
  take = async (request, socket, head) => {
    socket.on('error', () => {});
    const reply = this.#origins.includes(request.headers.origin) ? await this.#check(request) : { status: 403 };
    if (reply?.status !== 200) {
      const status = reply?.status ?? 503;
      this.refused.push(status);
      socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const user = reply.headers.get('x-handstamp-username');
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      this.opened.push(user);
      opened.send(`hello ${user}`);
      opened.on('message', (text) => opened.send(`${user} said ${text}`));
    });
  };

  /** How many are open at this moment. */
  get open() {
    return this.#server.clients.size;
  }

  /** Closes every socket with a code, as a service does that knows why. */
  close(code) {
    this.#server.clients.forEach((socket) => socket.close(code));
  }

  /** Drops every socket without a word, as a broken line does. */
  drop() {
    this.#server.clients.forEach((socket) => socket.terminate());
  }
}
