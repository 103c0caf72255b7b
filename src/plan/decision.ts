import type { Attempt } from '../domain/attempt.js';
import type { Picks } from '../domain/picks.js';
import type { PlanAction } from '../domain/plan.js';
import type { Take, TakeRef } from '../domain/take.js';
import type { Spelling } from '../catalogue/spelling.js';
import type { Order } from '../shot/order.js';
import type { Claims } from './claims.js';

/** Whether clips are in the store, unchanged. */
export type ClipStatus = 'intact' | 'missing' | 'changed';

/** What to do about one take, and why. */
export interface Decision {
  readonly take: Take;
  readonly action: PlanAction;
  readonly reasons: readonly string[];
  /** The purchase that serves the take, for all actions but render, rerender and retry. */
  readonly attempt?: Attempt;
  /** What would be bought; absent while a source has no clip. */
  readonly order?: Order;
  readonly fingerprint?: string;
  /** Older purchases of the take whose clips are yet to be downloaded, and kept aside. */
  readonly collect: readonly Attempt[];
  /** The purchase that the new one replaces: a clip, on request, or an uncertain one that is given up. */
  readonly replaces?: Attempt;
  /** Uncertain attempts that the new one replaces (`on_uncertain: resubmit`). */
  readonly give_up?: readonly Attempt[];
  /** Shots whose clips must come first. */
  readonly waits_for: readonly string[];
  /** The shot, or the pick, without which this take cannot be rendered. */
  readonly blocked_by?: string;
  /** For a blocked take: only a pick is missing, of its source or further up its chain. */
  readonly waits_for_pick?: true;
}

/** Everything that a decision depends on besides the take. */
export interface DecisionContext {
  readonly claims: Claims;
  readonly picks: Picks;
  /** How settings are compared. */
  readonly spell: Spelling;
  /** Every dependant waits until a person has picked a take of its source. */
  readonly approve: boolean;
  /** Takes to rerender although they are delivered, as slot keys. */
  readonly rerender: ReadonlySet<string>;
  /** Takes of the same set that were already rerendered. */
  readonly remade: ReadonlySet<string>;
  /** Whether an order that failed before is bought again. */
  readonly retryFailed: boolean;
  /** Whether attempts that were uncertain when the run began are given up for new ones. */
  readonly resubmitUncertain: boolean;
  /** sha256 and type of a local file, by its path in the manifest. */
  readonly localInput: (path: string) => { readonly sha256: string; readonly mime: string } | undefined;
  /** The state of a delivered attempt's clips in the store. */
  readonly clipStatus: (attempt: Attempt) => ClipStatus;
  /** Whether an attempt was bought from the gateway of this run: no other gateway knows its job. */
  readonly isOfThisGateway: (attempt: Attempt) => boolean;
  /** Whether the run works on a take; the clips of the others either exist or do not. */
  readonly isInScope: (ref: TakeRef) => boolean;
  /** The decision already made about a source, in the same plan; sources come first. */
  readonly decided: (ref: TakeRef) => Decision | undefined;
}
