/**
 * Whether the name of a host (`URL.hostname`) always means this machine, so that plain http does not leave it.
 * Names below `localhost` are left out: not every resolver keeps them at home.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

/** Whether a gateway is on this machine, by its base URL; the sandbox, which has none until it is started, is. */
export function isOnThisMachine(baseUrl: string | undefined): boolean {
  return baseUrl === undefined || (URL.canParse(baseUrl) && isLoopback(new URL(baseUrl).hostname));
}

/** Whether a host is meant to be this machine, including names below `localhost`. Not for decisions about secrets. */
export function isMeantAsLoopback(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '');
  return isLoopback(host) || host.endsWith('.localhost');
}
