import { createHmac } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { request } from 'node:http';
import type { HeldJob } from './held-job.js';

export const SECRET = 'whsec-0123456789abcdef';

/** A port on this machine that nobody has. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** What an event is sent with; each part may be wrong. */
export interface SentEvent {
  readonly status?: string;
  readonly secret?: string;
  /** Milliseconds since 1970. */
  readonly atMs?: number;
  readonly key?: string;
  /** The whole body, in the place of one about the job. */
  readonly body?: string;
  readonly signature?: string;
  readonly method?: string;
}

/** The body of an event about a job. */
export function eventBody(job: string, status = 'completed'): string {
  const data = { id: job, status, unsigned_urls: [] };
  return JSON.stringify({ type: `video.generation.${status}`, created_at: '2026-10-10T10:00:00Z', data });
}

/** `t=…,v1=…` as the gateway makes it. */
export function sign(body: string, { secret = SECRET, atMs = Date.now() }: SentEvent = {}): string {
  const time = Math.floor(atMs / 1000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time},${body}`).digest('hex')}`;
}

/** Posts an event and gives the status of the answer. */
export function sendEvent(url: string, job: string, sent: SentEvent = {}): Promise<number> {
  const { status = 'completed', method = 'POST' } = sent;
  const body = sent.body ?? eventBody(job, status);
  const headers = {
    'content-type': 'application/json',
    'x-openrouter-signature': sent.signature ?? sign(body, sent),
    'x-openrouter-idempotency-key': sent.key ?? `${job}-${status}`,
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end(method === 'POST' ? body : undefined);
  });
}

/** The address that a submit named for events about its job. */
export function addressOf({ body }: Pick<HeldJob, 'body'>): string {
  return String(body['callback_url']);
}
