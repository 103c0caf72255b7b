import { startInBackground } from '../background-run.js';
import type { PlanDocument } from '../domain/plan.js';
import { EXIT_CODES, type ErrorCode } from '../errors.js';
import type { RunEvent, RunSummary } from '../events.js';
import { isRecord } from '../domain/is-record.js';
import type { Desk } from './desk.js';
import type { ToolCall } from './tool.js';

/** How a run has ended. */
export type RunEnd =
  | { readonly kind: 'finished'; readonly summary: RunSummary }
  /** It did not begin, and bought nothing; or, if that is not known, it ended without a word. */
  | {
      readonly kind: 'refused';
      readonly isKnown: boolean;
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | undefined;
      /** The new plan, if it is another than the one that was agreed on. */
      readonly plan?: PlanDocument;
    };

/** A run in a process of its own. */
export interface StartedRun {
  readonly ended: Promise<RunEnd>;
  interrupt(): void;
}

/**
 * Starts `dailies run` for one plan. It is a process of its own, because the end of a server is no reason to leave paid jobs alone: hosts
 * end their servers with each conversation, and within seconds.
 */
export function startRun(wish: {
  readonly desk: Desk;
  readonly manifest: string;
  readonly planHash: string;
  readonly maxUsd: number;
  readonly only?: readonly string[];
  readonly until?: string;
  readonly rerender?: readonly string[];
  readonly progress: ToolCall['progress'];
}): StartedRun {
  const { desk, manifest, planHash, maxUsd, only, until, rerender, progress } = wish;
  const { gateway, clips, store, env } = desk.options;
  const args = [
    ...['run', manifest, '--format', 'ndjson', '--quiet'],
    ...[`--if-plan=${planHash}`, `--max-cost=${maxUsd}`],
    ...(only ? [`--only=${only.join(',')}`] : []),
    ...(until === undefined ? [] : [`--until=${until}`]),
    ...(rerender ? [`--rerender=${rerender.join(',')}`] : []),
    ...(gateway === undefined ? [] : [`--gateway=${gateway}`]),
    ...(clips === undefined ? [] : [`--clips=${clips}`]),
  ];
  const follower = follow(progress);
  // The address of a database has a password in it, and a command line can be read by others.
  const started = startInBackground({
    args,
    env: { ...env, ...(store === undefined ? {} : { DAILIES_STORE: store }) },
    onLine: (line) => follower.read(line),
  });
  return {
    interrupt: () => started.interrupt(),
    ended: started.ended.then(({ complaint }) => follower.end() ?? lost(complaint)),
  };
}

/** Reads the lines of a run: its events, and what it says if it does not begin. */
function follow(progress: ToolCall['progress']) {
  let total = 0;
  let done = 0;
  let end: RunEnd | undefined;
  return {
    end: () => end,
    read(line: string): void {
      const said = parsed(line);
      if (said && 'error' in said) end = refusal(said);
      if (!said || typeof said['type'] !== 'string') return;
      // A line of our own command is one of its events.
      const event = said as unknown as RunEvent;
      if (event.type === 'run.started') total = event.total;
      if (event.type === 'run.finished') end = { kind: 'finished', summary: event.summary };
      const isDone =
        event.type === 'shot.delivered' || (event.type === 'shot.not_delivered' && !event.will_retry);
      if (!isDone) return;
      done++;
      progress(done, Math.max(total, done), `${event.key}: ${event.type.slice('shot.'.length)}`);
    },
  };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(line);
    return isRecord(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function refusal({ error, plan }: Readonly<Record<string, unknown>>): RunEnd {
  const { code, message, hint } = isRecord(error) ? error : {};
  const isCode = typeof code === 'string' && Object.hasOwn(EXIT_CODES, code);
  return {
    ...{ kind: 'refused', isKnown: true, code: isCode ? (code as ErrorCode) : 'internal' },
    ...{ message: String(message), hint: typeof hint === 'string' ? hint : undefined },
    ...(isRecord(plan) && { plan: plan as unknown as PlanDocument }),
  };
}

function lost(complaint: string): RunEnd {
  const said = complaint.trim().split('\n').at(-1) ?? '';
  return {
    ...{ kind: 'refused', isKnown: false, code: 'internal' },
    message: `the run ended without a word${said === '' ? '' : `: ${said}`}`,
    hint: 'status says how each take stands',
  };
}
