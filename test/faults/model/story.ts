import fc from 'fast-check';
import type { Fault } from '../../helpers/gateway-server.js';
import { repertoireOf } from '../repertoire.js';

/** What somebody does to the manifest between two runs; numbers are taken modulo what there is to choose from. */
export type Edit =
  | {
      readonly do: 'add' | 'remove' | 'rename' | 'reword' | 'takes' | 'continue';
      readonly which: number;
      readonly to: number;
    }
  | { readonly do: 'swap'; readonly which: number; readonly to: number };

/** What becomes of a job when it is polled for the second time. */
export type Fate = 'completed' | 'slow' | 'odd' | 'vanished' | 'failed' | 'cancelled' | 'expired';

/** How a run ends: by itself, by Ctrl-C, or by the death of its process, at the n-th moment and some turns later. */
export type RunEnd =
  | { readonly how: 'itself' }
  | { readonly how: 'interrupt' | 'crash'; readonly moment: number; readonly turns: number };

/** One run of the command, and what it meets. */
export interface Run {
  readonly do: 'run';
  /** One for each request of its kind, in order; undefined: none. */
  readonly submits: readonly (Fault | undefined)[];
  readonly polls: readonly (Fault | undefined)[];
  readonly contents: readonly (Fault | undefined)[];
  readonly end: RunEnd;
  readonly resubmit: boolean;
  readonly rerender: number | undefined;
  readonly retryFailed: boolean;
}

/** A person settles an uncertain submit by the truth, gives it up, or says that it was not charged although it was. */
export interface Settle {
  readonly do: 'settle';
  readonly which: number;
  readonly how: 'truth' | 'abandon' | 'not_charged';
}

/** The gateway knows all its jobs again. */
export interface Restore {
  readonly do: 'restore';
}

/** What befalls the files of a project; numbers are taken modulo what there is to choose from. */
export type Accident =
  /** Deleted: a clip with all its names; the lockfile with its journal; all names; all clips of the store; both. */
  | {
      readonly do: 'lose';
      readonly what: 'a clip' | 'the lockfile' | 'the names' | 'the store' | 'the clips';
      readonly which: number;
    }
  /** Lockfile and journal are again as they were at an earlier moment. */
  | { readonly do: 'roll back'; readonly which: number }
  /** A clip of the store is cut off, or some of its bytes are others. */
  | { readonly do: 'spoil'; readonly which: number; readonly how: 'truncate' | 'flip' };

/** Clips that nobody needs are removed. */
export interface Prune {
  readonly do: 'prune';
}

/** The manifest gets another name, right before the next run; its lockfile does not. */
export interface RenameManifest {
  readonly do: 'rename the manifest';
}

export type Step = Edit | Run | Settle | Restore | Accident | Prune | RenameManifest;

/** A life of a project: what its jobs come to, by their number, and what is done to it, in order. */
export interface Story {
  readonly fates: readonly Fate[];
  /** What jobs cost, by their number, in US dollars: null and undefined as the gateway may answer. */
  readonly costs: readonly (number | null | undefined)[];
  /** Of the manifest. */
  readonly settings: { readonly concurrency: number; readonly retries: number };
  readonly steps: readonly Step[];
}

/** `runs` bounds how often a story runs the command. */
export function stories(): fc.Arbitrary<Story> {
  return fc.record({
    fates: fc.array(often<Fate>('completed', 'slow', 'odd', 'vanished', 'failed', 'cancelled', 'expired'), {
      minLength: 1,
      maxLength: 12,
    }),
    costs: fc.array(fc.constantFrom(undefined, null, 0, 0.05, 0.12, 0.3), { minLength: 1, maxLength: 6 }),
    settings: fc.record({ concurrency: fc.integer({ min: 1, max: 4 }), retries: fc.nat(1) }),
    steps: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: runs },
        { weight: 4, arbitrary: edits },
        settlings,
        { weight: 3, arbitrary: accidents },
        fc.constant<Restore>({ do: 'restore' }),
        fc.constant<Prune>({ do: 'prune' }),
        fc.constant<RenameManifest>({ do: 'rename the manifest' }),
      ),
      { minLength: 3, maxLength: 14 },
    ),
  });
}

const body = (code: number, metadata?: object) => ({
  status: code,
  body: { error: { code, message: 'no', ...(metadata ? { metadata } : {}) } },
});

/** Mostly nothing goes wrong, or a story would come to nothing. */
function often<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  );
}

const faults = (...some: readonly Fault[]): fc.Arbitrary<(Fault | undefined)[]> =>
  fc.array(often<Fault | undefined>(undefined, ...some), { maxLength: 8 });

const runs: fc.Arbitrary<Run> = fc.record({
  do: fc.constant('run'),
  submits: faults(
    ...(['reset', 'reset-unread', 'html', 'half-json', 'no-id', 'drop-after-accept'] as const),
    ...[500, 504, 429, 418].map((status) => body(status)),
    ...[400, 401, 402, 403, 413].map((status) => body(status)),
    body(403, { reasons: ['violence'] }),
    { ...body(503), headers: { 'retry-after': '2' } },
    { status: 503, body: 'busy' },
    ...repertoireOf('submit'),
  ),
  polls: faults('reset', 'html', 'half-json', 'no-id', 404, 429, 500, 401),
  contents: faults('cut', 'reset', 'html', 'half-json', 404, 500, ...repertoireOf('content')),
  end: fc.oneof(
    fc.constant<RunEnd>({ how: 'itself' }),
    fc.record({
      how: fc.constantFrom('crash', 'crash', 'interrupt'),
      moment: fc.integer({ min: 1, max: 40 }),
      turns: fc.nat(12),
    }),
  ),
  resubmit: fc.nat(5).map((n) => n === 0),
  rerender: fc.option(fc.nat(9), { freq: 5, nil: undefined }),
  retryFailed: fc.nat(3).map((n) => n > 0),
});

const edits: fc.Arbitrary<Edit> = fc.record({
  do: fc.constantFrom('add', 'remove', 'rename', 'reword', 'takes', 'swap', 'continue'),
  which: fc.nat(9),
  to: fc.nat(9),
});

const settlings: fc.Arbitrary<Settle> = fc.record({
  do: fc.constant('settle'),
  which: fc.nat(9),
  how: fc.constantFrom('truth', 'truth', 'abandon', 'not_charged'),
});

const accidents: fc.Arbitrary<Accident> = fc.oneof(
  fc.record({
    do: fc.constant('lose' as const),
    what: fc.constantFrom('a clip', 'the lockfile', 'the lockfile', 'the names', 'the store', 'the clips'),
    which: fc.nat(9),
  }),
  fc.record({ do: fc.constant('roll back' as const), which: fc.nat(99) }),
  fc.record({
    do: fc.constant('spoil' as const),
    which: fc.nat(9),
    how: fc.constantFrom('truncate', 'flip'),
  }),
);
