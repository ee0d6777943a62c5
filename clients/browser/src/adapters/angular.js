import { HttpResponse } from '@angular/common/http';
import { DestroyRef, inject, signal } from '@angular/core';
import { Observable } from 'rxjs';

/**
 * Returns an interceptor: `provideHttpClient(withInterceptors([authInterceptor(auth)]))`.
 *
 * @param {import('../types.js').Auth} auth
 * @returns {import('@angular/common/http').HttpInterceptorFn}
 */
export function authInterceptor(auth) {
  return (request, next) => (auth.covers(request.urlWithParams) ? guarded(auth, request, next) : next(request));
}

/**
 * Returns who is signed in, as a signal. Call it where `inject` may be called.
 *
 * @param {import('../types.js').Auth} auth
 * @returns {import('@angular/core').Signal<import('../types.js').Snapshot>}
 */
export function authSignal(auth) {
  const snapshot = signal(auth.snapshot());
  inject(DestroyRef).onDestroy(auth.subscribe(() => snapshot.set(auth.snapshot())));
  return snapshot.asReadonly();
}

/**
 * @param {import('../types.js').Auth} auth
 * @param {import('@angular/common/http').HttpRequest<unknown>} request
 * @param {import('@angular/common/http').HttpHandlerFn} next
 * @returns {Observable<import('@angular/common/http').HttpEvent<unknown>>}
 */
function guarded(auth, request, next) {
  return new Observable((observer) => {
    const controller = new AbortController();
    /** @type {import('rxjs').Subscription | undefined} */
    let attempt;

    /** @param {Record<string, string>} headers */
    const send = (headers) => new Promise((resolve, reject) => {
      const missing = Object.entries(headers).filter(([name]) => !request.headers.has(name));
      const copy = request.clone({ withCredentials: true, setHeaders: Object.fromEntries(missing) });
      attempt = next(copy).subscribe({
        // Progress is told as it comes; the response may be one to try again after.
        next: (event) => (event instanceof HttpResponse ? resolve({ status: event.status, headers: event.headers, response: event }) : observer.next(event)),
        error: (error) => (error.status ? resolve({ status: error.status, headers: error.headers, error }) : reject(error)),
        complete: () => reject(new Error('The call ended without a response.')),
      });
    });

    auth.guard({ method: request.method, signal: controller.signal }, send).then(
      ({ response, error }) => {
        if (error) return observer.error(error);
        observer.next(response);
        observer.complete();
      },
      (error) => observer.error(error),
    );
    return () => {
      attempt?.unsubscribe();
      controller.abort();
    };
  });
}
