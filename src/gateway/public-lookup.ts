import { isIP, type LookupFunction } from 'node:net';

import { isPrivateAddress } from './address.js';

/** A name that leads to private addresses only. */
export class PrivateTarget extends Error {
  override readonly name = 'PrivateTarget';
}

/**
 * A resolver without private addresses. It stands in the connection itself, so that the address that was checked is
 * the address that is called.
 */
export function publicLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, '');
        return;
      }
      const all = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
      const open = all.filter(({ address }) => !isPrivateAddress(address));
      const [first] = open;
      if (!first) callback(new PrivateTarget(`${hostname} is on a private network`), '');
      else if (options.all) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}
