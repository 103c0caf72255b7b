import { VERSION } from '../version.js';

/** The name of dailies in every request. */
export const USER_AGENT = `dailies/${VERSION}`;
