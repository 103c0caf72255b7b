import { BlockList, isIP } from 'node:net';
import { isMeantAsLoopback } from '../domain/loopback.js';

/** Addresses that only mean something on this machine or its own network (IANA special-purpose registries). */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6');
}

/**
 * Whether a host, as `URL.hostname` has it, names a private place without being looked up:
 * `localhost`, or the literal address of a loopback, private or link-local network.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = bare(hostname);
  return isIP(host) === 0 ? isMeantAsLoopback(host) : isPrivateAddress(host);
}

/** Whether a resolved address is loopback, private or link-local; an IPv4 address in IPv6 clothing is seen through. */
export function isPrivateAddress(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Without the brackets of an IPv6 literal and without the dot that ends a full name. */
function bare(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
