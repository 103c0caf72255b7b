import type { IncomingMessage, ServerResponse } from 'node:http';
import { sumUsd } from '../domain/money.js';
import { messageOf } from '../errors.js';
import { readBody, Refusal, sendError, sendFile, sendJson } from './answers.js';
import { catalogueBody } from './models.js';
import type { Clips } from './clips.js';
import { reasonOf, type JobStatus, type SandboxJob } from './job.js';
import { submit, type SubmitDesk } from './submit.js';

/** The path under which the API lies, as with the gateways that the sandbox stands for. */
export const API_PATH = '/api/v1';

/** All that answers are made from. */
interface House extends SubmitDesk {
  readonly clips: Clips;
}

/** Answers one request; never throws. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  house: House,
): Promise<void> {
  try {
    await routeOf(request)({ request, response, house });
  } catch (error) {
    if (response.headersSent) response.destroy();
    else if (error instanceof Refusal) sendError(response, error);
    else sendError(response, new Refusal(500, `The sandbox failed: ${messageOf(error)}`));
  }
}

interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly house: House;
}

function routeOf(request: IncomingMessage): (visit: Visit) => void | Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match) return (visit) => route.handle(visit, match[1] ?? '');
  }
  throw new Refusal(404, `There is nothing at ${request.method ?? ''} ${path.slice(0, 200)}`);
}

const ROUTES: readonly {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** `name`: what the parentheses of the path matched. */
  readonly handle: (visit: Visit, name: string) => void | Promise<void>;
}[] = [
  { method: 'POST', path: /^\/api\/v1\/videos$/, handle: takeSubmit },
  { method: 'GET', path: /^\/api\/v1\/videos\/models$/, handle: sendCatalogue },
  { method: 'GET', path: /^\/api\/v1\/videos\/([^/]+)$/, handle: sendJob },
  { method: 'GET', path: /^\/api\/v1\/videos\/([^/]+)\/content$/, handle: sendClip },
  { method: 'GET', path: /^\/api\/v1\/key$/, handle: sendKey },
  { method: 'GET', path: /^\/api\/v1\/generation$/, handle: sendGeneration },
  { method: 'GET', path: /^\/assets\/([^/]+)$/, handle: sendAsset },
];

async function takeSubmit({ request, response, house }: Visit): Promise<void> {
  // Read first in any case: a client that is still sending sees no answer.
  const body = await readBody(request);
  requireKey(request);
  const { job, isAnswerLost } = await submit(parseJson(body), house);
  if (isAnswerLost) response.destroy();
  else sendJson(response, 202, jobBody(job, 'pending', house.assets.origin));
}

async function sendJob({ request, response, house }: Visit, id: string): Promise<void> {
  requireKey(request);
  const job = await findJob(house, id);
  const status = house.statusOf(job);
  // Rendering starts while the job still claims to work on it, so that nobody waits afterwards.
  if (status === 'in_progress' && job.ending === 'completed') house.clips.get(job, 0).catch(() => undefined);
  sendJson(response, 200, jobBody(job, status, house.assets.origin));
}

async function sendClip({ request, response, house }: Visit, id: string): Promise<void> {
  requireKey(request);
  const job = await findJob(house, id);
  const status = house.statusOf(job);
  if (status !== 'completed')
    throw new Refusal(400, `Job ${job.id} is ${status}: it has no video to download`);
  const wanted = new URLSearchParams((request.url ?? '').split('?')[1]).get('index') ?? '0';
  if (!/^\d{1,9}$/.test(wanted))
    throw new Refusal(400, 'Invalid request: index must be a whole number from 0 up');
  const index = Number(wanted);
  if (index >= job.outputs || job.loses_clips)
    throw new Refusal(404, `Job ${job.id} has no video with index ${index}`);
  sendFile(request, response, { bytes: await house.clips.get(job, index), type: 'video/mp4' });
}

function sendCatalogue({ request, response }: Visit): void {
  sendFile(request, response, { bytes: catalogueBody(), type: 'application/json' });
}

/** The account as a gateway reports it; it adds up the prices of finished jobs, which nobody pays. */
async function sendKey({ request, response, house }: Visit): Promise<void> {
  requireKey(request);
  const finished = (await house.store.all()).filter((job) => house.statusOf(job) === 'completed');
  const usage = sumUsd(finished.map(({ cost }) => cost ?? 0));
  sendJson(response, 200, {
    data: { label: 'sandbox', usage, limit: null, limit_remaining: null, is_free_tier: false },
  });
}

/** What the accounts say of a request, under the names of the documentation. */
async function sendGeneration({ request, response, house }: Visit): Promise<void> {
  requireKey(request);
  const id = new URLSearchParams((request.url ?? '').split('?')[1]).get('id') ?? '';
  const job = (await house.store.all()).find(({ generation_id }) => generation_id === id);
  if (!job) throw new Refusal(404, `Generation ${id.slice(0, 60)} not found`);
  const { model } = job.clip;
  const total_cost = house.statusOf(job) === 'completed' ? job.cost : 0;
  const created_at = new Date(job.accepted_at).toISOString();
  sendJson(response, 200, { data: { id, model, created_at, total_cost, provider_name: 'sandbox' } });
}

async function sendAsset({ request, response, house }: Visit, name: string): Promise<void> {
  const asset = await house.assets.find(decodeName(name));
  if (!asset)
    throw new Refusal(404, 'There is no such image: the sandbox has a NAME.png and a NAME.jpg for any name');
  sendFile(request, response, asset);
}

function requireKey(request: IncomingMessage): void {
  if (!/^Bearer\s+\S/i.test(request.headers.authorization ?? '')) {
    throw new Refusal(401, 'Missing Authentication header: the sandbox accepts any key, but needs one');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'Invalid request: the body is not JSON');
  }
}

async function findJob(house: House, id: string): Promise<SandboxJob> {
  const job = await house.store.find(id);
  if (!job) throw new Refusal(404, `There is no job ${id.slice(0, 60)}`);
  return job;
}

/** A job as the contract shows it (VideoGenerationResponse). */
export function jobBody(job: SandboxJob, status: JobStatus, origin: string): object {
  const shown = {
    id: job.id,
    generation_id: job.generation_id,
    // Relative, because the sandbox may have another port by the time it is used.
    polling_url: `${API_PATH}/videos/${job.id}`,
    status,
  };
  switch (status) {
    case 'pending':
    case 'in_progress':
      return shown;
    case 'completed': {
      const content = (_: unknown, index: number) =>
        `${origin}${API_PATH}/videos/${job.id}/content?index=${index}`;
      const unsigned_urls = Array.from({ length: job.outputs }, content);
      return { ...shown, provider: 'sandbox', unsigned_urls, usage: { cost: job.cost, is_byok: false } };
    }
    default:
      return { ...shown, error: reasonOf(status), usage: { cost: 0, is_byok: false } };
  }
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
