import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '../clock.js';
import { DailiesError, messageOf } from '../errors.js';
import { openAnnouncer } from './announce.js';
import { openAssets } from './assets.js';
import { openClips } from './clips.js';
import { openDarkroom } from './darkroom.js';
import { watchJobs } from './job.js';
import { openJobStore } from './job-store.js';
import { answer, API_PATH, jobBody } from './routes.js';
import { SANDBOX_SECRET } from './secret.js';

/** A gateway on this machine that charges nothing. */
export interface Sandbox {
  /** `http://127.0.0.1:PORT/api/v1`. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

/**
 * Starts the sandbox. Its jobs live in `stateDir`, which is created with the first of them, and outlive it.
 * `port` 0, the default, takes any that is free; `speed` 1 makes a job take a few seconds, 10 a tenth of that.
 * Throws `usage` if the port cannot be opened.
 */
export async function startSandbox(options: {
  readonly stateDir: string;
  readonly port?: number;
  readonly speed?: number;
  readonly clock?: Clock;
  /** Signs the events about the ends of jobs. */
  readonly webhookSecret?: string;
}): Promise<Sandbox> {
  const { stateDir, port = 0, speed = 1, clock = systemClock } = options;
  const { webhookSecret: secret = SANDBOX_SECRET } = options;
  const server = createServer();
  // A client's kept connection should not close at the moment the client uses it again.
  server.keepAliveTimeout = 60_000;
  const origin = `http://${HOST}:${await listen(server, port)}`;

  const store = openJobStore(stateDir);
  const darkroom = openDarkroom();
  const assets = openAssets(origin, darkroom);
  const clips = openClips(store, darkroom);
  const statusOf = watchJobs(clock);
  const announcer = openAnnouncer({
    ...{ secret, clock, statusOf },
    bodyOf: (job, status) => jobBody(job, status, assets.origin),
  });
  const answering = new Set<Promise<void>>();
  server.on('request', (request, response) => {
    const house = { store, darkroom, clips, assets, clock, statusOf, speed, announcer };
    const answered = answer(request, response, house);
    answering.add(answered);
    void answered.finally(() => answering.delete(answered));
  });
  return {
    baseUrl: `${origin}${API_PATH}`,
    async close() {
      await announcer.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, darkroom.close()]);
      // After this nothing is written any more: the folder may be removed.
      await Promise.all([...answering, clips.settled()]);
    },
  };
}

/** Only on loopback: it asks for no real key. */
const HOST = '127.0.0.1';

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new DailiesError('usage', `the sandbox cannot listen on port ${port}: ${messageOf(error)}`, {
          hint: 'choose another port with --port N, or leave it out to take any that is free',
          cause: error,
        }),
      ),
    );
    server.listen(port, HOST, resolve);
  });
  // A TCP server's address is never a pipe's name.
  return (server.address() as AddressInfo).port;
}
