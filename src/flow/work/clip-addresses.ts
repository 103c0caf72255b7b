import { outputsOf, type Attempt, type JobRef } from '../../domain/attempt.js';
import { unreachable } from '../../errors.js';
import type { Take } from '../../domain/take.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { ClipUrl, PollOutcome } from '../../gateway/outcomes.js';
import { unlessStopped, warn, type WorkTools } from './tools.js';

/** How often in a row to ask the gateway for a job's clips if it does not say. */
const TRIES = 6;
const FIRST_WAIT_MS = 500;

/** The message about a clip whose download the end of the run interrupted. */
export const INTERRUPTED = 'interrupted; the next run fetches it';

/** A finished job, and where its clips lie. */
export interface ClipSource {
  readonly attempt: Attempt;
  readonly job: JobRef;
  readonly gateway: Gateway;
  /** From the poll that found the job completed; none if a new poll is needed. */
  readonly urls: readonly ClipUrl[];
}

/** The first address of each clip of the job; or why there is none. */
export async function clipAddresses(
  tools: WorkTools,
  { urls, attempt, gateway, job }: ClipSource,
): Promise<readonly ClipUrl[] | { readonly kind: 'waiting'; readonly message: string }> {
  const waiting = (why: string) => ({ kind: 'waiting', message: `${why}; the next run fetches it` }) as const;
  // A job may have fewer addresses than it once had clips, or none: the content endpoint may still have the clips.
  const all = (listed: readonly ClipUrl[]): readonly ClipUrl[] => {
    const count = Math.max(1, listed.length, outputsOf(attempt).length);
    return Array.from({ length: count }, (_, index) => listed[index] ?? gateway.contentUrl(job, index));
  };
  if (urls.length > 0) return all(urls);
  const outcome = await askPatiently(tools, { gateway, job });
  switch (outcome?.kind) {
    case undefined:
      return { kind: 'waiting', message: INTERRUPTED };
    case 'completed':
      warnOfLeftOut(tools, { outcome, job });
      return all(outcome.urls);
    case 'ended':
    case 'not_found':
      return all([]);
    case 'key_refused':
      return waiting(`the key was refused: ${outcome.message}`);
    case 'unavailable':
      return waiting(`asking for its clips failed: ${outcome.message}`);
    case 'running':
      return waiting(`the gateway calls its job ${outcome.status} again`);
    case 'unknown_status':
      return waiting(`the gateway calls its job "${outcome.word}" now`);
    default:
      return unreachable(outcome);
  }
}

/** Says how many of a job's outputs are not fetched, if there are more than any job has. */
export function warnOfLeftOut(
  tools: WorkTools,
  about: {
    readonly outcome: Extract<PollOutcome, { kind: 'completed' }>;
    readonly job: JobRef;
    readonly take?: Take | undefined;
  },
): void {
  const { leftOut, urls } = about.outcome;
  if (leftOut === undefined) return;
  const [fetched, all] = [urls.length, urls.length + leftOut];
  warn(
    tools,
    `job ${about.job.id} lists ${all} outputs: ${fetched} are fetched, ${leftOut} stay on the gateway`,
    about.take,
  );
}

/** Polls a completed job, and again if the answer does not say where its clips are. */
async function askPatiently(
  { control, clock }: WorkTools,
  { gateway, job }: Pick<ClipSource, 'gateway' | 'job'>,
): Promise<PollOutcome | undefined> {
  for (let tries = 1; ; tries++) {
    const outcome = await unlessStopped(gateway.poll(job, control.working), control.working);
    const isUnclear = outcome && ['running', 'unknown_status', 'unavailable'].includes(outcome.kind);
    if (!isUnclear || tries === TRIES) return outcome;
    const asked = outcome.kind === 'unavailable' ? outcome.retryAfterMs : undefined;
    await clock.sleep(asked ?? backoffMs(tries), control.working).catch(() => undefined);
  }
}

/** How long to wait after so many failures in a row, milliseconds. */
export function backoffMs(failures: number): number {
  return FIRST_WAIT_MS * 2 ** Math.min(failures, 4);
}
