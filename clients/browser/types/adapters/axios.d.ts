import type { AxiosInstance } from 'axios';
import type { Auth } from '../../src/types.js';

/** Carries the calls of an axios instance through refresh and sign-in, and returns the instance. */
export declare function withAuth<T extends AxiosInstance>(auth: Auth, instance: T): T;
