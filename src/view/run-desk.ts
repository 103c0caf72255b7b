import { DailiesError, messageOf } from '../errors.js';
import type { RunEvent, RunSummary } from '../events.js';
import type { PickedTakes, PickWish } from '../flow/commands/pick.js';
import { runProject, type RunOptions } from '../flow/commands/run.js';
import type { Project } from '../flow/project/project.js';
import type { Told } from '../sheet/page/live/facts.js';

/** The one run that this process may have on. */
export interface RunDesk {
  /** When it began, milliseconds since 1970; undefined if none is on. */
  since(): number | undefined;
  isStopping(): boolean;
  /** How the last one ended, and what it warned of. */
  ended(): Told | undefined;
  warnings(): readonly Told[];
  /**
   * Starts a run; resolves as soon as it has the project, and rejects with what it throws before that, such as that the plan is
   * not the one that was agreed to. Throws `locked-by-another-run` if one is on here.
   */
  start(project: Project, options: RunOptions): Promise<void>;
  /** As Ctrl-C does: no more submits, the state is written; jobs in flight are collected by the next run. */
  stop(): void;
  /** Picks in the state of the run that is on; undefined if none is on. */
  readonly pick: ((wish: PickWish) => Promise<PickedTakes>) | undefined;
  /** Resolves when no run is on. */
  settled(): Promise<void>;
}

const MOST_WARNINGS = 20;

/** `tell` hears each event; `changed` is called when a run has begun, is asked to stop, or is over. */
export function createRunDesk({
  now,
  tell,
  changed,
}: {
  readonly now: () => number;
  readonly tell: (event: RunEvent) => void;
  readonly changed: () => void;
}): RunDesk {
  interface Current {
    readonly since: number;
    readonly stopping: AbortController;
    pick?: (wish: PickWish) => Promise<PickedTakes>;
    over: Promise<void>;
  }
  let current: Current | undefined;
  let ended: Told | undefined;
  let warnings: Told[] = [];

  const hear = (event: RunEvent) => {
    if (event.type === 'warning') {
      const keys = event.key === undefined ? undefined : [event.key];
      warnings = [...warnings, { kind: 'warning' as const, text: event.message, keys }].slice(-MOST_WARNINGS);
    }
    if (event.type === 'run.slowed')
      warnings = [...warnings, { kind: 'note' as const, text: event.message }].slice(-MOST_WARNINGS);
    tell(event);
  };

  return {
    since: () => current?.since,
    isStopping: () => current?.stopping.signal.aborted ?? false,
    ended: () => ended,
    warnings: () => warnings,
    get pick() {
      return current?.pick;
    },
    stop() {
      current?.stopping.abort(new Error('stopped on the page'));
      changed();
    },
    settled: () => current?.over ?? Promise.resolve(),

    start(project, options) {
      if (current) {
        throw new DailiesError('locked-by-another-run', 'a run of this page is on already', {
          hint: 'wait for its end, or stop it',
        });
      }
      const stopping = new AbortController();
      const run: Current = { since: now(), stopping, over: Promise.resolve() };
      current = run;
      ended = undefined;
      warnings = [];
      return new Promise<void>((resolve, refused) => {
        let hasBegun = false;
        const begun = () => {
          hasBegun = true;
          resolve();
        };
        const work = runProject(project, {
          ...options,
          onEvent: (event) => {
            if (event.type === 'run.started') begun();
            hear(event);
          },
          onOpen: (pick) => (run.pick = pick),
          signal: stopping.signal,
        });
        run.over = work
          .then(
            (summary) => {
              ended = endOf(summary);
            },
            (error: unknown) => {
              const hint = error instanceof DailiesError ? error.hint : undefined;
              // What never began is told to whoever asked for it.
              if (hasBegun) ended = { kind: 'error', text: messageOf(error), hint };
              refused(error instanceof Error ? error : new Error(messageOf(error)));
            },
          )
          .finally(() => {
            current = undefined;
            changed();
          });
        changed();
      });
    },
  };
}

/** The account of a run in a sentence, with the takes that have to be looked at. */
function endOf({ counts, shots, stopped, exit_code }: RunSummary): Told {
  const lost = shots.filter(({ outcome }) => ['failed', 'refused', 'held'].includes(outcome));
  const text = [
    `${counts.delivered} of ${counts.total} delivered`,
    ...(lost.length > 0 ? [`${lost.length} not`] : []),
    ...(stopped ? [stopped.message] : []),
  ].join('; ');
  const kind =
    exit_code === 0 || stopped?.kind === 'approval' ? 'note' : lost.length > 0 ? 'error' : 'warning';
  return { kind, text, hint: stopped?.hint, keys: stopped?.to_pick?.flat() ?? lost.map(({ key }) => key) };
}
