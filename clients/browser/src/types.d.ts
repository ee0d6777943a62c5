/** Who is signed in: the auth service's answer to "who am I". */
export interface Whoami {
  /** The user's stable id. */
  sub: string;
  preferred_username?: string;
  email?: string;
  roles: string[];
  org_id: string | null;
  /** The session. */
  sid?: string;
  /** When the user last proved who they are, in Unix seconds. */
  auth_time?: number;
  /** How they proved it. */
  amr: string[];
  /** Seconds that were left to the access token when the answer was made. */
  expires_in: number;
  /** Custom claims, as the auth service is configured. */
  [claim: string]: unknown;
}

/**
 * - `unknown`: the auth service has not answered yet.
 * - `in`: `user` is signed in.
 * - `out`: nobody is.
 * - `expired`: the session of `user` is over. The page stays as it is; calls wait until `user` has signed in again.
 */
export type AuthState = 'unknown' | 'in' | 'out' | 'expired';

/** Everything there is to show, in one object that stays the same one until something changes. */
export interface Snapshot {
  readonly state: AuthState;
  /** Who is signed in, or whose session has expired. */
  readonly user: Whoami | null;
  /** When the access token expires by this device's clock, in milliseconds since 1970. For show alone. */
  readonly expiresAt: number | null;
}

export interface AuthOptions {
  /** The origin of the auth service. Default: the page's own. */
  base?: string;
  /** Other origins whose calls `fetch` carries through refresh and sign-in. Calls to all others go out untouched. */
  origins?: string[];
  /** How many seconds before it expires the access token is renewed; at most half its life. Default: 60. */
  refreshLead?: number;
  /** Milliseconds after which a request to the auth service, or waiting for another tab, is given up. Default: 10,000. */
  timeout?: number;
  /** How many calls may wait for a sign-in. Default: 100. */
  maxParked?: number;
  /** The same as `on('expired', …)`. */
  onExpired?: (event: AuthEvent) => void;
  /** The readable cookie's name, where the auth service is configured to use another than its default. */
  hint?: string;
}

/** What the auth service answers. */
export type ServiceErrorCode =
  | 'invalid_credentials' | 'rate_limited' | 'account_disabled' | 'no_account'
  | 'token_missing' | 'token_malformed' | 'token_expired' | 'token_revoked' | 'token_stale' | 'token_invalid'
  | 'session_ended' | 'csrf_rejected' | 'caller_mismatch' | 'not_declared'
  | 'role_required' | 'scope_required' | 'org_mismatch' | 'step_up_required'
  | 'validation_failed' | 'body_malformed' | 'body_too_large' | 'unsupported_media_type'
  | 'not_found' | 'method_not_allowed' | 'not_acceptable' | 'conflict' | 'not_implemented' | 'unavailable' | 'internal'
  | 'misdirected' | 'service_failed' | 'service_timeout';

/**
 * What is found out here:
 * - `network`, `timeout`: the auth service gave no answer, or none in time.
 * - `not_replayable`: the call would have to be sent again, and its body is a stream that has been read.
 * - `too_many_parked`: more calls wait for a sign-in than `maxParked`.
 * - `user_changed`: somebody else signed in; what was asked for is not done in their name.
 */
export type ClientErrorCode = 'network' | 'timeout' | 'not_replayable' | 'too_many_parked' | 'user_changed';

export type AuthErrorCode = ServiceErrorCode | ClientErrorCode;

export interface AuthErrorDetails {
  cause?: unknown;
  /** The HTTP status, where there was an answer. */
  status?: number;
  /** Seconds to wait before the next attempt, where that was said. */
  retryAfter?: number;
}

export declare class AuthError extends Error {
  constructor(code: AuthErrorCode, message?: string, details?: AuthErrorDetails);
  readonly name: 'AuthError';
  /** What a program branches on. */
  readonly code: AuthErrorCode;
  readonly status?: number;
  readonly retryAfter?: number;
}

/**
 * - `change`: something of the snapshot changed.
 * - `signedin`: somebody is signed in, after nobody was.
 * - `refreshed`: the same person goes on, with a fresh token or a confirmed one.
 * - `expiring`: the access token expires soon and is now being renewed.
 * - `expired`: the session is over; calls wait.
 * - `restored`: the same person signed in again; waiting calls go on.
 * - `signedout`: somebody signed out, here or in another tab.
 * - `userchanged`: somebody else signed in; waiting calls were rejected. Load the page afresh.
 * - `unavailable`: the auth service did not answer. Nobody is signed out; it is asked again.
 */
export type AuthEventType =
  | 'change' | 'signedin' | 'refreshed' | 'expiring' | 'expired' | 'restored' | 'signedout' | 'userchanged'
  | 'unavailable';

export interface AuthEvent extends Event, Snapshot {
  readonly type: AuthEventType;
  /** Who was signed in before. */
  readonly previous?: Whoami | null;
  /** With `unavailable` alone. */
  readonly error?: AuthError;
}

/** One of the user's devices. Times are Unix seconds. */
export interface Session {
  sid: string;
  /** Whether it is this one. */
  current: boolean;
  device: string;
  /** The session from which it was carried to another domain: the two end together. */
  carried_from?: string;
  /** The name of the site to which it was carried. */
  site?: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}

/** A call that something else than `fetch` makes. */
export interface Exchange {
  /** In capitals, as HTTP has it. */
  method: string;
  /** Ends the waiting, as it ends the call. */
  signal?: AbortSignal;
  /** The call cannot be sent a second time. */
  once?: boolean;
}

/** As much of a response as `guard` looks at. */
export interface Answer {
  status: number;
  headers: { get(name: string): any };
}

export interface Auth {
  /** The origin of the auth service. */
  readonly base: string;
  readonly state: AuthState;
  /** Who is signed in, or whose session has expired. */
  readonly user: Whoami | null;
  readonly expiresAt: number | null;
  /** Resolves to the state once the auth service was asked, and to `unknown` where it did not answer. Never rejects. */
  readonly ready: Promise<AuthState>;
  /** Returns what is known now: the same object until something changes. */
  snapshot(): Snapshot;
  /** Calls the listener at every change, and returns what stops it. */
  subscribe(listener: () => void): () => void;
  /** Calls the listener at every such event, and returns what stops it. */
  on(type: AuthEventType, listener: (event: AuthEvent) => void): () => void;
  /** Returns whether calls to this address are carried through refresh and sign-in. */
  covers(url: string | URL): boolean;
  /** `fetch` that refreshes where that helps, and waits while the session is over. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Does for any other HTTP library what `fetch` does. `send` is given headers to add, and may be called again. */
  guard<T extends Answer>(call: Exchange, send: (headers: Record<string, string>) => Promise<T>): Promise<T>;
  signIn(credentials: { login: string; password: string }): Promise<Whoami>;
  signOut(options?: { everywhere?: boolean }): Promise<void>;
  /** Refreshes now. Rejects with `session_ended` or `unavailable`. */
  refresh(): Promise<Whoami>;
  hasRole(role: string): boolean;
  /** The user's devices. */
  readonly sessions: {
    list(): Promise<Session[]>;
    end(sid: string): Promise<void>;
    /** Ends all but this one, and returns how many. */
    endOthers(): Promise<number>;
  };
  /** Stops listening and refreshing. */
  close(): void;
}

/** What is taken from the browser. Everything but the first line may be missing. */
export interface Platform {
  fetch: typeof fetch; Request: typeof Request; setTimeout: any; clearTimeout: any;
  performance: { now(): number }; Date: { now(): number }; Math: { random(): number };
  crypto: { getRandomValues(array: Uint32Array): Uint32Array };
  AbortSignal: { timeout(milliseconds: number): AbortSignal };
  navigator?: any;
  document?: any;
  location?: any;
  BroadcastChannel?: any;
  cookieStore?: any;
  sessionStorage?: any;
  WebSocket?: any;
  addEventListener?: any;
}

/** What an app keeps over a visit to the sign-in page. */
export interface RedirectOptions<T = any> {
  /** Returns what to keep: anything that JSON can write. */
  save?: () => T;
  /** Gets it back: once, and only when the same user is back. */
  restore?: (state: T) => void;
}

/** The words of `<auth-dialog>` in one language. */
export type DialogTexts = Record<
  | 'title' | 'why' | 'login' | 'password' | 'show' | 'submit' | 'later' | 'page' | 'somebodyElse' | 'discards' | 'reopen'
  | 'changedTitle' | 'changed' | 'reload'
  | 'missing' | 'invalid_credentials' | 'account_disabled' | 'rate_limited' | 'network' | 'other',
  string
>;

/**
 * - `closed`: `close` was called.
 * - `session_ended`, `user_changed`: the user signed out, or somebody else signed in.
 * - `refused`: the answer was not a stream.
 * - `done`: the server has nothing more to say.
 */
export type StreamEnd = 'closed' | 'session_ended' | 'user_changed' | 'refused' | 'done';

export interface StreamOptions {
  /** Called at every opening, the first one included. */
  onOpen?: () => void;
  /** Called once, when the stream is over for good. */
  onClose?: (reason: StreamEnd) => void;
  /** Open again after a refresh, so that the server hears of new roles. Default: true. */
  reopenAfterRefresh?: boolean;
}

export interface ServerEvent {
  type: string;
  data: string;
  lastEventId: string;
}

export interface EventsOptions extends StreamOptions {
  onEvent: (event: ServerEvent) => void;
  /** Milliseconds of silence after which the line counts as dead. Default: 0, never. */
  silence?: number;
}

export interface SocketOptions extends StreamOptions {
  onMessage: (message: MessageEvent) => void;
  protocols?: string | string[];
}

export interface Stream {
  close(): void;
}

export interface SocketStream extends Stream {
  /** Returns whether the message was handed to an open socket. Nothing is kept for later. */
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>): boolean;
}

/** Somebody in a test. */
export interface MockPerson extends Partial<Whoami> {
  sub: string;
  /** Default: `right`. */
  password?: string;
}

/** A call that reached a service in a test. */
export interface MockCall {
  method: string;
  url: string;
  headers: Headers;
  body: string;
  /** In whose name it was made. */
  user: Whoami;
}

export interface MockOptions extends AuthOptions {
  /** Who is signed in at the start; `null` for nobody. Default: Ada. */
  user?: MockPerson | null;
  /** Who can sign in. Default: Ada and Bob. */
  people?: MockPerson[];
  /** The life of an access token, in seconds. Default: 600. */
  lifetime?: number;
  /** Answers the app's calls. Asked only for calls with a good token. Default: an empty object. */
  respond?: (request: Request, user: Whoami) => Response | Promise<Response>;
}

export interface AuthMock extends Auth {
  /** The calls that were let through, oldest first. */
  readonly calls: MockCall[];
  /** The access token expires: the next call is refreshed and repeated, unseen. */
  expireNow(): void;
  /** The session is over. Resolves when the client knows. */
  endSession(): Promise<void>;
  /** Nothing answers any more; `offline(false)` brings it back. */
  offline(away?: boolean): void;
  /** The auth service answers 503; `unavailable(false)` brings it back. */
  unavailable(away?: boolean): void;
  /** Somebody signs in in another tab. */
  signInAs(person: MockPerson): Promise<void>;
  /** The user signs out in another tab. */
  signOutElsewhere(): Promise<void>;
}

export declare function createAuth(options?: AuthOptions, env?: Platform): Auth;
