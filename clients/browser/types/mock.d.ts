import type { AuthMock, MockOptions } from '../src/types.js';

export declare const ADA: { sub: string; preferred_username: string; email: string; roles: string[] };
export declare const BOB: { sub: string; preferred_username: string; email: string; roles: string[] };

/** Returns an `auth` that works like the real one, with more to pull at. Nothing leaves the process. */
export declare function createAuthMock(options?: MockOptions): AuthMock;
