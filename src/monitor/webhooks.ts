import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import { isRecord } from '../domain/is-record.js';
import { sendText, type Answer } from './open-port.js';
import { createSeen } from './seen.js';
import { checkSignature } from './signature.js';

/** Why a webhook was refused. Refused ones change nothing. */
export type Refusal = 'method' | 'size' | 'signature' | 'age' | 'replay' | 'body' | 'token';

/** What a verified event says that we use: under which token it came, and the job it names. All else is asked of the gateway. */
export interface WebhookEvent {
  readonly token: string;
  readonly job: string;
}

/** An event is a few hundred bytes, and a list of addresses at most. */
const MOST_BYTES = 64 * 1024;

/** A last part of a path that can be a token of ours. */
const TOKEN = /^[\w-]{20,64}$/;
/** A job's id as it may go into an address and a message. */
const JOB = /^(?!\.{1,2}$)[\x21-\x7e]{1,256}$/;

/**
 * Answers webhooks of OpenRouter's kind. Only what is signed with `secret`, young and new reaches `onEvent`, which gives
 * false where nobody has sent that token, and may reject where that cannot be told now: then the sender is asked to try
 * again. Source: https://openrouter.ai/docs/cookbook/video-generation/video-generation-webhooks
 */
export function webhookAnswer({
  secret,
  clock,
  onEvent,
  onOutcome,
}: {
  readonly secret: string;
  readonly clock: Clock;
  readonly onEvent: (event: WebhookEvent) => Promise<boolean>;
  /** Told once of each request. */
  readonly onOutcome: (outcome: 'heard' | Refusal) => void;
}): Answer {
  const seen = createSeen(clock);

  const judge = async (request: IncomingMessage): Promise<'heard' | 'away' | Refusal> => {
    if (request.method !== 'POST') return 'method';
    // A proxy in front may have taken the path's beginning away.
    const token = new URL(request.url ?? '', 'http://localhost').pathname.split('/').at(-1) ?? '';
    if (!TOKEN.test(token)) return 'token';
    const body = await readAll(request);
    if (!body) return 'size';
    const signed = checkSignature(headerOf(request, 'x-openrouter-signature'), { body, secret });
    if (!signed) return 'signature';
    if (Math.abs(clock.now() - signed.atMs) > MOST_AGE_MS) return 'age';
    // The header with the key is not signed, so whoever repeats an event may change it; the signature stays.
    const names = [signed.signature, headerOf(request, 'x-openrouter-idempotency-key')];
    const keys = names.filter((name) => name !== '');
    if (!seen.add(keys)) return 'replay';
    const job = jobIn(body);
    if (job === undefined) return 'body';
    const outcome = await onEvent({ token, job }).then(
      (isKnown) => (isKnown ? 'heard' : 'token'),
      () => 'away' as const,
    );
    // What came to nobody has not come yet.
    if (outcome !== 'heard') seen.remove(keys);
    return outcome;
  };

  return async (request, response) => {
    // A client that breaks off has sent nothing that could be verified.
    const outcome = await judge(request).catch(() => 'body' as const);
    if (outcome !== 'away') onOutcome(outcome);
    answer(request, response, outcome);
  };
}

/** The documented verifiers refuse what is older; clocks may differ in both directions. */
const MOST_AGE_MS = 300_000;

const ANSWERS: Readonly<Record<'away' | Refusal, readonly [status: number, text: string]>> = {
  method: [405, 'only POST\n'],
  size: [413, 'too large for an event\n'],
  signature: [401, 'the signature is wrong\n'],
  age: [401, 'the event is too old\n'],
  // The sender of a repetition has done right, and need not try again.
  replay: [204, ''],
  body: [400, 'no event about a job\n'],
  token: [404, 'nobody waits here\n'],
  away: [503, 'try again\n'],
};

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  outcome: 'heard' | 'away' | Refusal,
): void {
  const [status, text] = outcome === 'heard' ? [204, ''] : ANSWERS[outcome];
  // What was not read is not read any more.
  if (!request.complete) response.setHeader('connection', 'close');
  if (text === '') response.writeHead(status).end();
  else sendText(request, response, { status, text });
}

/** The raw body, which is what was signed; undefined if it is too large. */
async function readAll(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headerOf(request: IncomingMessage, name: string): string {
  return [request.headers[name] ?? ''].flat().join(',');
}

/** `{ type: 'video.generation.completed', created_at, data: { id, … } }`. */
function jobIn(body: Buffer): string | undefined {
  let event: unknown;
  try {
    event = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  const data = isRecord(event) ? event['data'] : undefined;
  const id = isRecord(data) ? data['id'] : undefined;
  return typeof id === 'string' && JOB.test(id) ? id : undefined;
}
