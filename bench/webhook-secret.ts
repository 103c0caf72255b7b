/** Known to the gateway that is measured against, and to the client. */
export const WEBHOOK_SECRET = 'whsec-bench';
