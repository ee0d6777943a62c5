// What an app in TypeScript writes, and what the compiler must not let it write.
import { AuthError, createAuth, type Auth, type AuthErrorCode, type Snapshot, type Whoami } from '@handstamp/browser';
import '@handstamp/browser/dialog';
import { createAuthMock } from '@handstamp/browser/mock';
import { redirectToSignIn } from '@handstamp/browser/redirect';
import { openEvents, openSocket } from '@handstamp/browser/streams';
import { withAuth } from '@handstamp/browser/axios';
import { kyOptions } from '@handstamp/browser/ky';
import { useAuth } from '@handstamp/browser/react';
import { authInterceptor } from '@handstamp/browser/angular';
import axios from 'axios';
import ky from 'ky';

const auth: Auth = createAuth({ base: 'https://auth.example', origins: ['https://api.example'] });

async function app() {
  const user: Whoami = await auth.signIn({ login: 'ada', password: 'secret' });
  const roles: string[] = user.roles;
  const name: string | undefined = auth.user?.preferred_username;
  const snapshot: Snapshot = auth.snapshot();
  // @ts-expect-error: a snapshot is read
  snapshot.state = 'in';
  // @ts-expect-error: nobody sets the user
  auth.user = user;
  // @ts-expect-error: tokens are never handed to a script
  await auth.signIn({ login: 'ada', password: 'secret', delivery: 'body' });
  // @ts-expect-error: a word that is no event
  auth.on('expires', () => {});
  auth.on('unavailable', ({ error, previous }) => [error?.retryAfter, previous?.sub]);
  return [roles, name];
}

function message(error: unknown): string {
  if (!(error instanceof AuthError)) throw error;
  const code: AuthErrorCode = error.code;
  switch (code) {
    case 'invalid_credentials':
      return 'wrong';
    case 'rate_limited':
      return `in ${error.retryAfter} s`;
    // @ts-expect-error: the codes are a closed set
    case 'no_such_code':
      return '';
    default:
      return error.message;
  }
}

const stop: () => void = auth.subscribe(() => {});
redirectToSignIn(auth, { save: () => ({ draft: '' }), restore: ({ draft }) => draft.length });
openEvents(auth, '/events', { onEvent: ({ data }) => data.length, onClose: (reason) => reason === 'refused' }).close();
const sent: boolean = openSocket(auth, 'wss://api.example', { onMessage: ({ data }) => data }).send('x');
const dialog = document.createElement('auth-dialog');
dialog.auth = auth;
const http = withAuth(auth, axios.create()).get<{ id: number }>('/orders');
ky.create(kyOptions(auth));
const state: Snapshot = useAuth(auth);
const mock = createAuthMock({ user: { sub: 'u1', roles: ['admin'] }, respond: () => Response.json([]) });
mock.endSession().then(() => mock.state satisfies string);
export { app, http, message, sent, state, stop, authInterceptor };
