import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../errors.js';
import type { RunEvent } from '../events.js';
import { startMetrics, type Metrics, type WorkerHealth } from './metrics.js';
import { openPort, sendText, type Answer, type OpenPort } from './open-port.js';
import type { Refusal } from './webhooks.js';

/** The HTTP port of a worker: `/healthz` for the supervisor that restarts it, `/metrics` for Prometheus, POST for webhooks. */
export interface WorkerPort extends OpenPort {
  /** Counts an event. `project` keeps takes of one key apart. */
  handle(event: RunEvent, project?: string): void;
  /** Counts a webhook: heard, or why it was refused. */
  webhook(outcome: 'heard' | Refusal): void;
}

/**
 * Listens on `HOST:PORT`; port 0 takes any that is free. `alive` says how the worker stands; `webhooks` answers what is
 * posted. Throws `usage` on an address that is none or cannot be had, `tool-missing` where prom-client is not installed.
 */
export async function createWorkerPort({
  listen,
  alive,
  webhooks,
}: {
  readonly listen: string;
  readonly alive: () => WorkerHealth;
  /** Undefined while there is nobody to hear them. */
  readonly webhooks?: () => Answer | undefined;
}): Promise<WorkerPort> {
  const metrics = await startMetrics(alive);
  const port = await openPort(listen, (request, response) => {
    const hear = request.method === 'POST' ? webhooks?.() : undefined;
    return hear ? hear(request, response) : look(request, response, { metrics, alive });
  });
  return {
    ...port,
    handle: (event, project) => metrics.handle(event, project),
    webhook: (outcome) => metrics.webhook(outcome),
  };
}

async function look(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, alive }: { readonly metrics: Metrics; readonly alive: () => WorkerHealth },
): Promise<void> {
  const send = (status: number, text: string, type?: string) =>
    sendText(request, response, { status, text, ...(type === undefined ? {} : { type }) });
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(405, 'only GET\n');
    return;
  }
  try {
    const [path] = (request.url ?? '').split('?');
    if (path === '/healthz') {
      const { problem } = alive();
      send(problem === undefined ? 200 : 503, `${problem ?? 'ok'}\n`);
    } else if (path === '/metrics') send(200, await metrics.text(), metrics.contentType);
    else send(404, '/healthz or /metrics\n');
  } catch (error) {
    send(503, `${messageOf(error)}\n`);
  }
}
