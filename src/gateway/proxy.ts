import { isMeantAsLoopback } from '../domain/loopback.js';
import { DailiesError } from '../errors.js';

/** The variables that name proxies, from the environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY in either case. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an origin; undefined if there is none. The variables are read as curl reads them, except that loopback never uses a
 * proxy. Throws `usage` if the variable is not the address of an HTTP proxy.
 */
export function proxyFor(origin: URL, env: ProxyEnv): URL | undefined {
  const name = origin.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const value = variable(env, name);
  if (!value || isMeantAsLoopback(origin.hostname) || isExempt(origin, variable(env, 'no_proxy') ?? '')) {
    return undefined;
  }
  const text = value.includes('://') ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy;
  throw new DailiesError('usage', `${name.toUpperCase()} does not name an HTTP proxy`, {
    hint: 'it should look like http://proxy.example.com:8080',
  });
}

/** `*`, or a list of names; each also covers its subdomains, and may carry a port. */
function isExempt(origin: URL, list: string): boolean {
  const host = origin.hostname.toLowerCase();
  const port = origin.port || (origin.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', entryPort] = /^\*?\.?(.+?)(?::(\d+))?$/.exec(entry) ?? [];
      if (name === '' || (entryPort !== undefined && entryPort !== port)) return false;
      return host === name || host.endsWith(`.${name}`);
    });
}

function variable(env: ProxyEnv, name: string): string | undefined {
  return env[name] ?? env[name.toUpperCase()];
}
