import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { GatewayCounts } from './gateway.js';

/** The gateway that all clients of a comparison are measured against. */
export interface BenchGateway {
  readonly baseUrl: string;
  /** What it has seen since the last call. */
  counts(): Promise<GatewayCounts>;
  close(): void;
}

/** Starts the gateway in its own process; each clip has `clipBytes`, or a few kB where that is less. */
export async function startGateway(clipBytes = 0): Promise<BenchGateway> {
  const child = fork(fileURLToPath(new URL('./gateway.js', import.meta.url)), [String(clipBytes)]);
  const [{ base_url: baseUrl }] = (await once(child, 'message')) as [{ readonly base_url: string }];
  return {
    baseUrl,
    async counts() {
      child.send('counts');
      const [counts] = (await once(child, 'message')) as [GatewayCounts];
      return counts;
    },
    close: () => child.disconnect(),
  };
}
