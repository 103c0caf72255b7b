import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gateway has seen of a storm. */
export interface ChaosGateway {
  readonly url: string;
  /** The slots that jobs were accepted for, by the job's id. */
  readonly jobs: ReadonlyMap<string, string>;
  /** The most jobs that were at work at once: of each model, and in all as `*`. */
  readonly peaks: ReadonlyMap<string, number>;
  readonly counts: { readonly lost: number; readonly refused: number };
  close(): void;
}

/** A gateway whose jobs take `jobMs`, which loses some answers and turns some submits away. `random` in [0, 1). */
export async function startChaosGateway({
  jobMs,
  loses,
  refuses,
  random,
}: {
  readonly jobMs: number;
  readonly loses: number;
  readonly refuses: number;
  readonly random: () => number;
}): Promise<ChaosGateway> {
  const jobs = new Map<string, string>();
  const endsAt = new Map<string, number>();
  const atWork = new Map<string, number>();
  const peaks = new Map<string, number>();
  const counts = { lost: 0, refused: 0 };
  const add = (model: string, by: number) => {
    for (const name of [model, '*']) {
      const now = (atWork.get(name) ?? 0) + by;
      atWork.set(name, now);
      peaks.set(name, Math.max(peaks.get(name) ?? 0, now));
    }
  };
  const send = (response: ServerResponse, status: number, body: object) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://host');
    if (request.method === 'POST') {
      const [slot, model] = [url.searchParams.get('slot') ?? '', url.searchParams.get('model') ?? ''];
      request.resume();
      if (random() < refuses) {
        counts.refused++;
        send(response, 429, {});
        return;
      }
      const id = `job-${jobs.size + 1}`;
      jobs.set(id, slot);
      endsAt.set(id, performance.now() + jobMs);
      add(model, 1);
      setTimeout(() => add(model, -1), jobMs);
      const isLost = random() < loses;
      if (isLost) counts.lost++;
      setTimeout(() => (isLost ? response.destroy() : send(response, 202, { id })), 20);
      return;
    }
    const end = endsAt.get(url.pathname.slice(1));
    send(response, end === undefined ? 404 : 200, { isDone: end !== undefined && performance.now() >= end });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ jobs, peaks, counts },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
