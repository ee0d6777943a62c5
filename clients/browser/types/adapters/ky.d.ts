import type { Options } from 'ky';
import type { Auth } from '../../src/types.js';

/** Returns what makes a ky instance go through `auth`: `ky.create(kyOptions(auth))`. */
export declare function kyOptions(auth: Auth): Options;
