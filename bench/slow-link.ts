import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What has gone over a link. */
export interface LinkCounts {
  readonly bytes: number;
  /** How often something was sent after an answer had come: what one connection sends at once is one trip. */
  readonly roundTrips: number;
}

/** A way to a server that takes its time, and counts. */
export interface SlowLink {
  readonly port: number;
  counts(): LinkCounts;
  close(): void;
}

/** Leads connections to a port of this machine, `rttMs` there and back. */
export async function startSlowLink(to: number, rttMs: number): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  let [bytes, roundTrips] = [0, 0];
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: to, host: '127.0.0.1', noDelay: true });
    let isAnswered = true;
    const lead = (from: Socket, into: Socket, onData: () => void) => {
      sockets.add(from);
      from.on('data', (chunk) => {
        bytes += chunk.length;
        onData();
        if (rttMs === 0) into.write(chunk);
        else setTimeout(() => into.writable && into.write(chunk), rttMs / 2);
      });
      from.on('error', () => into.destroy()).on('close', () => into.destroy());
    };
    lead(client, upstream, () => {
      if (isAnswered) roundTrips += 1;
      isAnswered = false;
    });
    lead(upstream, client, () => (isAnswered = true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    counts: () => ({ bytes, roundTrips }),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
