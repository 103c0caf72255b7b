import type { LookupFunction } from 'node:net';
import { Client, Pool, type buildConnector } from 'undici';
import { connectorTo } from './connector.js';
import { proxyFor, type ProxyEnv } from './proxy.js';

/** Connections to any number of origins, through the proxies of the environment. */
export interface Web {
  /** For GETs: connections are kept and reused. */
  pool(origin: string): Pool;
  /** For one POST: an unused connection. A kept connection that is half closed looks like a lost answer. */
  once<T>(origin: string, use: (client: Client) => Promise<T>): Promise<T>;
  /** Ends every connection at once; open requests on them fail. */
  close(): Promise<void>;
}

interface WebOptions {
  readonly proxyEnv: ProxyEnv;
  /** The most connections to one origin; if absent, as many as there are requests at once. */
  readonly connections?: number;
  /** How long an idle connection is kept, if the server does not say. */
  readonly keepAliveMs: number;
  readonly connectTimeoutMs: number;
  /** Resolves host names instead of the system's resolver; a proxy resolves for itself. */
  readonly lookup?: LookupFunction;
}

/** Four times Node's own limit: an answer to a submit must not be lost because of its cookies. */
const LARGEST_HEAD_BYTES = 64 * 1024;

/** Why a connection of `once` ends. Made once, because a stack trace for each connection takes longer than to open it. */
const USED_ONCE = new Error('used once');

export function openWeb(options: WebOptions): Web {
  const { proxyEnv, connections, keepAliveMs, connectTimeoutMs, lookup } = options;
  const pools = new Map<string, Pool>();
  const connectors = new Map<string, buildConnector.connector>();
  const clients = new Set<Client>();

  // One connector for each origin: it keeps the TLS sessions, so that a new connection needs no full handshake.
  function connector(origin: string): buildConnector.connector {
    let connect = connectors.get(origin);
    if (!connect) {
      const proxy = proxyFor(new URL(origin), proxyEnv);
      connect = connectorTo({ proxy, connectTimeoutMs, lookup: proxy ? undefined : lookup });
      connectors.set(origin, connect);
    }
    return connect;
  }

  return {
    pool(origin) {
      let pool = pools.get(origin);
      if (!pool) {
        pool = new Pool(origin, {
          connect: connector(origin),
          connections: connections ?? null,
          keepAliveTimeout: keepAliveMs,
          maxHeaderSize: LARGEST_HEAD_BYTES,
        });
        pools.set(origin, pool);
      }
      return pool;
    },
    async once(origin, use) {
      const client = new Client(origin, { connect: connector(origin), maxHeaderSize: LARGEST_HEAD_BYTES });
      clients.add(client);
      try {
        return await use(client);
      } finally {
        clients.delete(client);
        void client.destroy(USED_ONCE);
      }
    },
    async close() {
      await Promise.all([...pools.values(), ...clients].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
