import type { Auth, EventsOptions, Platform, ServerEvent, SocketOptions, SocketStream, Stream } from '../src/types.js';

/** Opens a stream of server-sent events that lives as long as the session. */
export declare function openEvents(auth: Auth, url: string | URL, options: EventsOptions, env?: Platform): Stream;

/** Opens a WebSocket that lives as long as the session. */
export declare function openSocket(auth: Auth, url: string | URL, options: SocketOptions, env?: Platform): SocketStream;

/** Returns what takes the text of an event stream in pieces and finds the events in it. */
export declare function eventParser(
  lastEventId: string,
  found: { event: (event: ServerEvent) => void; id: (id: string) => void; retry: (milliseconds: number) => void },
): (text: string) => void;
