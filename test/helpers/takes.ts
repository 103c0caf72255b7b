import { outputsOf, type Attempt, type AttemptEvent, type Output } from '../../src/domain/attempt.js';
import { defined } from '../../src/domain/defined.js';
import type { Take } from '../../src/domain/take.js';
import type { Wish } from '../../src/plan/claims.js';
import { advance } from '../../src/shot/advance.js';
import { fingerprint, recordRequest, type Order } from '../../src/shot/order.js';

const AT = '2026-01-01T10:00:00.000Z';

/** A text shot with one take, changed as the test needs. */
export function makeTake(
  shot: string,
  changes: Partial<Take> & { readonly prompt?: string; readonly seed?: number } = {},
): Take {
  const { prompt = `prompt of ${shot}`, seed, ...rest } = changes;
  const take = rest.take ?? 1;
  const takes = rest.takes ?? 1;
  return {
    key: takes === 1 ? shot : `${shot}@${take}`,
    shot,
    manifest_id: shot,
    take,
    takes,
    shot_index: 0,
    type: 'text',
    tags: [],
    matrix: {},
    settings: defined({ model: 'acme/one', prompt, duration: 4, seed }),
    frames: [],
    references: [],
    ...rest,
  };
}

/** The order of a take whose inputs are all remote or none. */
function orderOf(take: Take): Order {
  return { take, frames: [], references: [] };
}

let counter = 0;

/** An attempt for a take, led through these events. */
export function makeAttempt(take: Take, ...events: readonly Happening[]): Attempt {
  const order = orderOf(take);
  let attempt: Attempt = {
    id: String(++counter),
    owner: { shot: take.shot, take: take.take },
    fingerprint: fingerprint(order),
    request: recordRequest(order, () => undefined),
    gateway: 'https://example.com/api/v1',
    estimate: { min_usd: 1, expected_usd: 1, max_usd: 1, sku: 'generate', inferred: false },
    state: { kind: 'planned', since: AT },
    steps: 0,
    times: { created: Date.parse(AT) },
  };
  for (const happening of events) attempt = advance(attempt, eventOf(happening));
  return attempt;
}

export type Happening =
  | 'sent'
  | 'accepted'
  | 'lost-answer'
  | 'refused'
  | 'completed'
  | 'failed'
  | 'gone'
  | 'fetching'
  | 'delivered'
  | 'freed';

function eventOf(happening: Happening): AttemptEvent {
  switch (happening) {
    case 'sent':
      return { type: 'submit_started', at: AT };
    case 'accepted':
      return { type: 'accepted', at: AT, job: { id: `job-${counter}` } };
    case 'lost-answer':
      return { type: 'answer_lost', at: AT, message: 'connection reset' };
    case 'refused':
      return { type: 'refused', at: AT, status: 400, message: 'bad duration' };
    case 'completed':
      return { type: 'completed', at: AT, cost_usd: 0.5 };
    case 'failed':
      return { type: 'ended', at: AT, status: 'failed', message: 'content policy' };
    case 'gone':
      return { type: 'lost', at: AT, message: 'not found' };
    case 'fetching':
      return { type: 'download_started', at: AT };
    case 'delivered':
      return { type: 'delivered', at: AT, outputs: [newClip()] };
    case 'freed':
      return { type: 'resolved', as: 'not_charged', at: AT };
  }
}

/** The clip of the attempt that was made last; each has its own. */
function newClip(): Output {
  const media = { container: 'mp4' as const, duration_s: 4, width: 1280, height: 720, video_codec: 'avc' };
  return { sha256: `clip-${counter}`, bytes: 10, media, warnings: [] };
}

/** The sha256 of an attempt's first clip; empty before it has one. */
export function clipOf(attempt: Attempt | undefined): string {
  const [clip] = attempt ? outputsOf(attempt) : [];
  return clip?.sha256 ?? '';
}

/** What happens to an attempt that ends well. */
export const DELIVERED = ['sent', 'accepted', 'completed', 'fetching', 'delivered'] as const;

/** The wish that an attempt fulfils to the letter. */
export function wishOf({ fingerprint: its, request }: Attempt): Wish {
  return { fingerprint: its, prompt: () => request.prompt ?? '', plain: () => its };
}
