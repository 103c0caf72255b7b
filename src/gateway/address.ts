import { BlockList, isIP, type LookupFunction } from 'node:net';
import { isMeantAsLoopback } from '../domain/loopback.js';

/** Addresses that only mean something on this machine or its own network (IANA special-purpose registries). */
const PRIVATE_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'],
];
/** They include obsolete tunnels, which can lead anywhere: IPv4-compatible, Teredo and 6to4. */
const PRIVATE_IPV6 = [
  ...['::/96', '::ffff:0:0:0/96', '64:ff9b:1::/48', '100::/64', '2001::/32', '2002::/16'],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];
/** NAT64 (RFC 6052): an IPv6-only network resolves all IPv4 names like this, and the IPv4 address in it decides. */
const NAT64 = PRIVATE_IPV4.map((network) => {
  const [address = '', prefix] = network.split('/');
  return `64:ff9b::${address}/${96 + Number(prefix)}`;
});

/** Made at the first use: half of all commands never need it, and it takes as long as reading a manifest. */
function privateAddresses(): BlockList {
  if (list) return list;
  list = new BlockList();
  for (const network of [...PRIVATE_IPV4, ...PRIVATE_IPV6, ...NAT64]) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

let list: BlockList | undefined;

/**
 * Whether a host from `URL.hostname` is private without a lookup: `localhost`, or the literal address of a loopback, private or
 * link-local network.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = bare(hostname);
  return isIP(host) === 0 ? isMeantAsLoopback(host) : isPrivateAddress(host);
}

/**
 * Whether a resolved address is loopback, private or link-local. An IPv4 address mapped into IPv6 is unwrapped by
 * `BlockList`. Text that is not an address leads nowhere.
 */
function isPrivateAddress(address: string): boolean {
  // A link-local address may name its interface.
  const [plain = ''] = address.split('%');
  const family = isIP(plain);
  return family === 0 || privateAddresses().check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/** Without the brackets of an IPv6 literal and without the dots that end a full name. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '');
}

/** Whether a name leads only to private addresses. */
export class PrivateTarget extends Error {
  override readonly name = 'PrivateTarget';
}

/**
 * A resolver without private addresses. It is part of the connection itself, so that the checked address is the one that
 * is called.
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
