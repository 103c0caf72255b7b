import { Socket, type LookupFunction } from 'node:net';
import { buildConnector, Client } from 'undici';
import { defined } from '../domain/defined.js';

/** A connection that could not be made: nothing of the request was sent. `cause` says why. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

interface ConnectorOptions {
  /** The proxy to tunnel through. */
  readonly proxy: URL | undefined;
  readonly connectTimeoutMs: number;
  /** Resolves host names instead of the system's resolver. */
  readonly lookup: LookupFunction | undefined;
}

/**
 * How undici opens a connection, directly or through a CONNECT tunnel. Every failure arrives as a `ConnectFailure`:
 * undici tries for ever to reconnect on some of its own error codes, and a tunnel can fail with those.
 */
export function connectorTo(options: ConnectorOptions): buildConnector.connector {
  const direct = buildConnector({
    timeout: options.connectTimeoutMs,
    // Every wait on a connection has its own limit, so the system's keep-alive, which takes eight calls, is not needed.
    keepAlive: false,
    ...defined({ lookup: options.lookup }),
  });
  return marking(options.proxy ? tunnelThrough(options.proxy, direct, options.connectTimeoutMs) : direct);
}

/** A connector that marks all of its failures as such. */
function marking(connect: buildConnector.connector): buildConnector.connector {
  return (target, callback) => {
    connect(target, (...[error, socket]) => {
      if (error) callback(new ConnectFailure(error), null);
      else callback(null, socket);
    });
  };
}

/** Asks the proxy for a tunnel on a connection of its own, then speaks TLS through it if the target does. */
function tunnelThrough(
  proxy: URL,
  direct: buildConnector.connector,
  timeoutMs: number,
): buildConnector.connector {
  const headers = proxyAuthorization(proxy);
  return (target, callback) => {
    const port = target.port || (target.protocol === 'https:' ? '443' : '80');
    const authority = `${target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname}:${port}`;
    const client = new Client(proxy.origin, { connect: marking(direct) });
    const request = { path: authority, headers: { host: authority, ...headers } };
    client.connect({ ...request, signal: AbortSignal.timeout(timeoutMs) }).then(
      ({ statusCode, socket }) => {
        if (statusCode !== 200 || !(socket instanceof Socket)) {
          socket.on('error', () => undefined).destroy();
          callback(new Error(`the proxy ${proxy.host} answered ${statusCode} to CONNECT ${authority}`), null);
        } else if (target.protocol === 'https:') {
          direct({ ...target, httpSocket: socket }, callback);
        } else {
          callback(null, socket);
        }
      },
      (error: unknown) => {
        void client.destroy();
        callback(error instanceof Error ? error : new Error(String(error)), null);
      },
    );
  };
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}
