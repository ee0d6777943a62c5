import type { HttpInterceptorFn } from '@angular/common/http';
import type { Signal } from '@angular/core';
import type { Auth, Snapshot } from '../../src/types.js';

/** Returns an interceptor: `provideHttpClient(withInterceptors([authInterceptor(auth)]))`. */
export declare function authInterceptor(auth: Auth): HttpInterceptorFn;

/** Returns who is signed in, as a signal. Call it where `inject` may be called. */
export declare function authSignal(auth: Auth): Signal<Snapshot>;
