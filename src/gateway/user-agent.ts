import { VERSION } from '../version.js';

/** What every request calls itself. */
export const USER_AGENT = `dailies/${VERSION}`;
