import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { send, sendError, serveClip } from './answers.js';
import { requestViolations } from './contract.js';
import { drip, flood, type Fault } from './fault.js';
import { Job, type Clip, type CompleteOptions, type HeldJob, type SubmittedBody } from './held-job.js';

export type { Fault } from './fault.js';
export type { HeldJob } from './held-job.js';

export type Endpoint = 'submit' | 'poll' | 'content' | 'models' | 'key' | 'generation' | 'other';

export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly endpoint: Endpoint;
  readonly headers: IncomingHttpHeaders;
}

export interface GatewayServerOptions {
  /** The body of GET /videos/models; default: the sandbox's catalogue. */
  readonly models?: unknown;
  /** false: bodies are not held to the contract. */
  readonly validate?: boolean;
  /** When given, every other key is answered 401; otherwise any bearer key will do. */
  readonly apiKey?: string;
  /** The data of GET /key; absent: 404. */
  readonly key?: unknown;
  /** The data of GET /generation, whatever id it is asked with; absent: 404. */
  readonly generation?: unknown;
  /** Changes the answer of an accepted submit. */
  readonly submitAnswer?: (job: HeldJob) => Readonly<Record<string, unknown>>;
}

export interface GatewayServer {
  /** Ends in `/api/v1`. */
  readonly baseUrl: string;
  readonly origin: string;
  /** Every body of a POST that was read, accepted or not, in order. */
  readonly submits: readonly SubmittedBody[];
  /** Every accepted job, in order. */
  readonly jobs: readonly HeldJob[];
  readonly requests: readonly SeenRequest[];
  readonly counters: Readonly<Counters>;
  /** What the client sent against the contract; tests assert that it is empty. */
  readonly violations: readonly string[];
  /** The next accepted job that no earlier call was given; waits for it. */
  nextJob(): Promise<HeldJob>;
  /** The next request to the endpoint (a submit, unless told) meets this fault; several are queued. */
  failNext(fault: Fault, options?: { readonly on?: Endpoint; readonly times?: number }): void;
  /** Takes back what `failNext` has queued. */
  failNoMore(): void;
  /** From now on each job completes by itself at its n-th poll (the first, unless told). */
  autoComplete(
    clip: Clip | ((job: HeldJob) => Clip),
    options?: CompleteOptions & { afterPolls?: number },
  ): void;
  /** Called before each request is handled, and awaited: a test can watch or hold it. */
  onRequest(hook: (request: SeenRequest) => void | Promise<void>): void;
  close(): Promise<void>;
}

interface Counters {
  posts: number;
  accepted: number;
  polls: number;
  downloads: number;
  models: number;
  /** Jobs accepted and not yet at their end. */
  inFlight: number;
  maxInFlight: number;
}

/**
 * A gateway for tests: a real HTTP server on loopback whose jobs the test holds and finishes.
 *
 *     const job = await server.nextJob();
 *     job.complete(clip, { cost: 0.12 });
 */
export async function startGatewayServer(options: GatewayServerOptions = {}): Promise<GatewayServer> {
  const models = options.models ?? defaultModels();
  const jobs: Job[] = [];
  const byId = new Map<string, Job>();
  const submits: SubmittedBody[] = [];
  const requests: SeenRequest[] = [];
  const violations: string[] = [];
  const faults = new Map<Endpoint, Fault[]>();
  const waiting: ((job: HeldJob) => void)[] = [];
  const counters: Counters = {
    posts: 0,
    accepted: 0,
    polls: 0,
    downloads: 0,
    models: 0,
    inFlight: 0,
    maxInFlight: 0,
  };
  let handedOut = 0;
  let hook: (request: SeenRequest) => void | Promise<void> = () => undefined;
  let auto:
    { clip: Clip | ((job: HeldJob) => Clip); options: CompleteOptions; afterPolls: number } | undefined;

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const route = routeOf(method, path);
    const seen = { method, path, endpoint: route.endpoint, headers: request.headers };
    requests.push(seen);
    if (route.endpoint === 'other') violations.push(`${method} ${path} is not in the contract`);
    if (route.endpoint === 'submit') counters.posts += 1;
    if (route.endpoint === 'models') counters.models += 1;
    await hook(seen);
    const fault = faults.get(route.endpoint)?.shift();
    if (fault === 'reset-unread') {
      request.socket.resetAndDestroy();
      return;
    }
    const text = await readBody(request);
    const body = route.endpoint === 'submit' ? recordSubmit(text) : {};
    if (fault !== undefined) {
      misbehave({ fault, request, response, route, body });
      return;
    }
    if (route.endpoint !== 'models' && !authorized(request)) {
      sendError(response, 401, 'Missing Authentication header');
      return;
    }
    answer({ request, response, route, body });
  }

  function answer({ request, response, route, body }: Exchange): void {
    if (route.endpoint === 'models') send(response, 200, models);
    else if (route.endpoint === 'submit') send(response, 202, submitAnswer(accept(body)));
    else if (route.endpoint === 'key' && options.key !== undefined)
      send(response, 200, { data: options.key });
    else if (route.endpoint === 'generation' && options.generation !== undefined)
      send(response, 200, { data: options.generation });
    else if (route.endpoint === 'poll') answerPoll(response, byId.get(route.id));
    else if (route.endpoint === 'content') answerContent({ request, response, route, body });
    else sendError(response, 404, 'Resource not found');
  }

  function misbehave(exchange: Exchange & { readonly fault: Fault }): void {
    const { fault, request, response, route, body } = exchange;
    if (typeof fault === 'number') sendError(response, fault, `status ${fault}`);
    else if (typeof fault === 'object') send(response, fault.status, fault.body ?? '', fault.headers);
    else if (fault === 'html') {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html><h1>Bad gateway</h1></html>');
    } else if (fault === 'no-id') send(response, 200, {});
    else if (fault === 'half-json') {
      const whole = JSON.stringify(
        route.endpoint === 'submit' ? submitAnswer(accept(body)) : { status: 'pending' },
      );
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
      response.write(whole.slice(0, whole.length / 2), () => response.destroy());
    } else if (fault === 'drip') drip(response);
    else if (fault === 'huge') flood(response);
    else if (fault === 'drop-after-accept') {
      accept(body);
      request.socket.resetAndDestroy();
    } else if (fault === 'see-other') {
      send(response, 303, '', { location: `/api/v1/videos/${accept(body).id}` });
    } else if (fault === 'duplicate-id')
      send(response, 202, submitAnswer(jobs.findLast(isKnown) ?? accept(body)));
    else if (fault === 'byok') {
      const job = accept(body);
      job.isByok = true;
      send(response, 202, submitAnswer(job));
    } else if (fault === 'cut' || fault === 'stall' || fault === 'short') answerContent(exchange);
    else if (fault !== 'hang') request.socket.resetAndDestroy();
  }

  function recordSubmit(text: string): SubmittedBody {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      violations.push('the body of a submit is not JSON');
    }
    if (options.validate !== false) violations.push(...requestViolations(body));
    const record = typeof body === 'object' && body !== null ? (body as SubmittedBody) : {};
    submits.push(record);
    return record;
  }

  function accept(body: SubmittedBody): Job {
    const job = new Job(`job-${jobs.length + 1}`, body, () => (counters.inFlight -= 1));
    jobs.push(job);
    byId.set(job.id, job);
    counters.accepted += 1;
    counters.inFlight += 1;
    counters.maxInFlight = Math.max(counters.maxInFlight, counters.inFlight);
    const waiter = waiting.shift();
    if (waiter) {
      handedOut += 1;
      waiter(job);
    }
    return job;
  }

  function submitAnswer(job: Job): Readonly<Record<string, unknown>> {
    const answer = { id: job.id, polling_url: `/api/v1/videos/${job.id}`, status: job.state };
    return { ...answer, ...options.submitAnswer?.(job) };
  }

  function answerPoll(response: ServerResponse, job: Job | undefined): void {
    counters.polls += 1;
    if (job) job.polls += 1;
    if (!job || job.gone) {
      sendError(response, 404, 'Resource not found');
      return;
    }
    if (auto && !job.ended && job.polls >= auto.afterPolls) {
      job.complete(typeof auto.clip === 'function' ? auto.clip(job) : auto.clip, auto.options);
    }
    const content = job.clips.map((_, index) => `${origin}/api/v1/videos/${job.id}/content?index=${index}`);
    send(response, 200, {
      id: job.id,
      generation_id: `gen-${job.id}`,
      polling_url: `/api/v1/videos/${job.id}`,
      status: job.state,
      ...(content.length > 0 ? { unsigned_urls: content } : {}),
      ...(job.error === undefined ? {} : { error: job.error }),
      ...(job.cost === undefined ? {} : { usage: { cost: job.cost } }),
      ...(job.isByok ? { usage: { cost: 0, is_byok: true } } : {}),
      ...job.answer,
    });
  }

  function answerContent({ request, response, route, fault }: Exchange & { readonly fault?: Fault }): void {
    counters.downloads += 1;
    const job = byId.get(route.id);
    const clip = job?.gone ? undefined : job?.clips[route.index];
    if (!job || !clip) {
      sendError(response, 404, 'Resource not found');
      return;
    }
    job.downloads += 1;
    serveClip({ request, response, clip, ranges: job.ranges, fault });
  }

  function authorized(request: IncomingMessage): boolean {
    const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    return key !== undefined && (options.apiKey === undefined || key === options.apiKey);
  }

  return {
    baseUrl: `${origin}/api/v1`,
    origin,
    submits,
    jobs,
    requests,
    counters,
    violations,
    nextJob() {
      const job = jobs[handedOut];
      if (!job) return new Promise((resolve) => waiting.push(resolve));
      handedOut += 1;
      return Promise.resolve(job);
    },
    failNext(fault, { on = 'submit', times = 1 } = {}) {
      const queue = faults.get(on) ?? [];
      faults.set(on, queue);
      for (let n = 0; n < times; n += 1) queue.push(fault);
    },
    failNoMore() {
      faults.clear();
    },
    autoComplete(clip, { afterPolls = 1, ...completeOptions } = {}) {
      auto = { clip, options: completeOptions, afterPolls };
    },
    onRequest(newHook) {
      hook = newHook;
    },
    close: () => stop(server),
  };
}

/** Whoever asks for a job has its id. */
function isKnown({ polls }: Job): boolean {
  return polls > 0;
}

interface Route {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly index: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly body: SubmittedBody;
}

function routeOf(method: string, path: string): Route {
  const url = new URL(path, 'http://host');
  const [, id, content] = /^\/api\/v1\/videos\/([^/]+)(\/content)?$/.exec(url.pathname) ?? [];
  const route = { id: decodeURIComponent(id ?? ''), index: Number(url.searchParams.get('index') ?? 0) };
  const endpoint = (name: Endpoint, verb: string): Route => ({
    ...route,
    endpoint: method === verb ? name : 'other',
  });
  if (url.pathname === '/api/v1/videos') return endpoint('submit', 'POST');
  if (url.pathname === '/api/v1/videos/models') return endpoint('models', 'GET');
  if (url.pathname === '/api/v1/key') return endpoint('key', 'GET');
  if (url.pathname === '/api/v1/generation') return endpoint('generation', 'GET');
  if (content) return endpoint('content', 'GET');
  return endpoint(id === undefined ? 'other' : 'poll', 'GET');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function defaultModels(): unknown {
  return JSON.parse(readFileSync(new URL('../../src/sandbox/models.json', import.meta.url), 'utf8'));
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
