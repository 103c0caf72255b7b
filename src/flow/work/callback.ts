import { randomBytes } from 'node:crypto';
import { isLoopback, isOnThisMachine } from '../../domain/loopback.js';
import { DailiesError } from '../../errors.js';
import { callbackUrl, withoutSecrets } from '../../manifest/addresses.js';

/** Where gateways report the ends of jobs. */
export interface Callback {
  /** A fresh token, and the address that ends with it. */
  next(): { readonly token: string; readonly url: string };
}

/**
 * Makes addresses below a base that a gateway reaches. Throws `usage` if the base is not https, or is on this machine
 * while a gateway is not.
 */
export function openCallback(base: string, gateways: readonly (string | undefined)[]): Callback {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  const isHere = url?.protocol === 'http:' && isLoopback(url.hostname);
  const isPlain = url !== undefined && url.search === '' && url.hash === '' && url.username === '';
  if (!isPlain || !(isHere || callbackUrl(base).ok)) {
    throw new DailiesError('usage', `--callback ${withoutSecrets(base)} is not an https URL`, {
      hint: 'give the public address that leads to --listen, such as https://hooks.example/dailies; http is only for loopback',
    });
  }
  if (isLoopback(url.hostname) && !gateways.every(isOnThisMachine)) {
    throw new DailiesError('usage', `no gateway can reach --callback ${base} from outside`, {
      hint: 'give a public https address that a reverse proxy or a tunnel leads here; see docs/webhooks.md',
    });
  }
  const stem = base.replace(/\/+$/, '');
  return {
    next() {
      const token = randomBytes(24).toString('base64url');
      return { token, url: `${stem}/${token}` };
    },
  };
}
