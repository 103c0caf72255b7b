/** What the sandbox signs its events with if nothing else is set: they cost nobody anything. */
export const SANDBOX_SECRET = 'sandbox';
