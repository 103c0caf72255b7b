/** Why webhooks were refused, in words. */
export const REFUSALS: Readonly<Record<string, string>> = {
  method: 'not posted',
  size: 'too large',
  signature: 'wrong signature',
  age: 'too old',
  replay: 'repeated',
  body: 'not about a job',
  token: 'unknown address',
};
