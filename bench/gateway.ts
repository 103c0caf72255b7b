/*
 * A video API of the least cost, in a process of its own: jobs take as many milliseconds as their seed says, and
 * all have the same clip. It checks nothing, so that what is measured is the client.
 */
import { createHmac } from 'node:crypto';
import { Agent, createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeClip } from '../test/helpers/clips.js';
import { WEBHOOK_SECRET } from './webhook-secret.js';

/** What the process that started the gateway may ask of it. */
export interface GatewayCounts {
  readonly submits: number;
  readonly polls: number;
  readonly downloads: number;
  readonly most_in_flight: number;
  /** From the first submit to the last job's end, milliseconds; clips not included. */
  readonly jobs_span_ms: number;
}

const kept = new Agent({ keepAlive: true });
const clipBytes = Number(process.argv[2] ?? 0);
const ends: number[] = [];
const noticed = new Set<number>();
let polls = 0;
let downloads = 0;
let mostInFlight = 0;
let firstSubmit = 0;

const small = await makeClip({ seconds: 1, fps: 4 });
/** Padding in a box that players skip makes a clip of any size, whole to its last byte. */
const padding = Buffer.alloc(1024 * 1024);
const paddingBytes = Math.max(0, clipBytes - small.length);
const paddingHead = Buffer.alloc(paddingBytes === 0 ? 0 : 8);
if (paddingHead.length > 0) {
  paddingHead.writeUInt32BE(paddingBytes);
  paddingHead.write('free', 4, 'latin1');
}
const totalBytes = small.length + paddingBytes;

const server = createServer((request, response) => {
  const url = request.url ?? '';
  if (request.method === 'POST') accept(request, response);
  else if (url.includes('/content')) void sendClip(response);
  else if (url.endsWith('/models')) sendJson(response, 200, CATALOGUE);
  else answerPoll(url, response);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ base_url: `http://127.0.0.1:${port}/api/v1` });
});

process.on('message', () => {
  const lastEnd = Math.max(firstSubmit, ...ends.slice(-10_000));
  const counts: GatewayCounts = {
    submits: ends.length,
    polls,
    downloads,
    most_in_flight: mostInFlight,
    jobs_span_ms: lastEnd - firstSubmit,
  };
  process.send?.(counts);
  ends.length = polls = downloads = mostInFlight = firstSubmit = 0;
  noticed.clear();
});
process.on('disconnect', () => process.exit());

function accept(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const seed = typeof body === 'object' && body !== null && 'seed' in body ? Number(body.seed) : 0;
    const now = performance.now();
    firstSubmit ||= now;
    const index = ends.push(now + seed) - 1;
    if (typeof body === 'object' && body !== null && 'callback_url' in body)
      setTimeout(() => announce(String(body.callback_url), `job-${index}`), seed);
    mostInFlight = Math.max(mostInFlight, ends.length - noticed.size);
    sendJson(response, 202, {
      id: `job-${index}`,
      polling_url: `/api/v1/videos/job-${index}`,
      status: 'pending',
    });
  });
}

/** An event about the end of a job, signed as OpenRouter does. */
function announce(url: string, id: string): void {
  const body = JSON.stringify({ type: 'video.generation.completed', data: { id, status: 'completed' } });
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', WEBHOOK_SECRET).update(`${time},${body}`).digest('hex');
  const headers = {
    'x-openrouter-signature': `t=${time},v1=${signature}`,
    'x-openrouter-idempotency-key': `${id}-completed`,
  };
  const sent = send(url, { method: 'POST', headers, agent: kept }, (answer) => answer.resume());
  sent.on('error', () => undefined);
  sent.end(body);
}

function answerPoll(url: string, response: ServerResponse): void {
  polls += 1;
  const id = url.slice(url.lastIndexOf('/') + 1);
  const index = Number(id.slice('job-'.length));
  const base = { id, generation_id: `gen-${id}`, polling_url: `/api/v1/videos/${id}` };
  if (performance.now() < (ends[index] ?? Infinity)) {
    sendJson(response, 200, { ...base, status: 'in_progress' });
    return;
  }
  noticed.add(index);
  const { port } = server.address() as AddressInfo;
  sendJson(response, 200, {
    ...base,
    status: 'completed',
    unsigned_urls: [`http://127.0.0.1:${port}/api/v1/videos/${id}/content?index=0`],
    usage: { cost: 0.05, is_byok: false },
  });
}

async function sendClip(response: ServerResponse): Promise<void> {
  downloads += 1;
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': totalBytes, etag: '"clip"' });
  if (paddingBytes === 0) {
    response.end(small);
    return;
  }
  await pipeline(Readable.from(pieces()), response).catch(() => undefined);
}

function* pieces(): Generator<Buffer> {
  yield small;
  yield paddingHead;
  for (let left = paddingBytes - paddingHead.length; left > 0; left -= padding.length)
    yield left < padding.length ? padding.subarray(0, left) : padding;
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

const CATALOGUE = {
  data: ['a', 'b'].map((name) => ({
    id: `bench/${name}`,
    canonical_slug: `bench/${name}-20260801`,
    name,
    description: 'Text to video.',
    created: 1_780_000_000,
    supported_durations: [1, 2, 3, 4, 5, 6, 7, 8],
    supported_resolutions: ['720p'],
    supported_aspect_ratios: ['16:9'],
    supported_frame_images: [],
    generate_audio: true,
    seed: true,
    allowed_passthrough_parameters: [],
    pricing_skus: { duration_seconds: '0.0125' },
  })),
};
