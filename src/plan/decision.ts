import type { Attempt } from '../domain/attempt.js';
import type { Picks } from '../domain/picks.js';
import type { PlanAction } from '../domain/plan.js';
import type { Take, TakeRef } from '../domain/take.js';
import type { Spelling } from '../catalogue/spelling.js';
import type { Order } from '../shot/order.js';
import type { Claims } from './claims.js';

/** Whether clips are there, as they were delivered. */
export type ClipStatus = 'intact' | 'missing' | 'changed';

/** What is to be done about one take, and why. */
export interface Decision {
  readonly take: Take;
  readonly action: PlanAction;
  readonly reasons: readonly string[];
  /** The purchase that serves the take, for all actions but render, rerender and retry. */
  readonly attempt?: Attempt;
  /** What would be bought; absent while a source has no clip. */
  readonly order?: Order;
  readonly fingerprint?: string;
  /** Older purchases of the take whose clips are still to be fetched, and kept aside. */
  readonly collect: readonly Attempt[];
  /** The purchase that the new one is to take the place of: a clip, on request, or an uncertain one that is given up. */
  readonly replaces?: Attempt;
  /** Uncertain attempts that the new one takes the place of (`on_uncertain: resubmit`). */
  readonly give_up?: readonly Attempt[];
  /** Shots whose clips have to come first. */
  readonly waits_for: readonly string[];
  /** The shot, or the pick, without which this take cannot be rendered. */
  readonly blocked_by?: string;
  /** Of a take that is blocked: a pick is all that is missing, of its source or further up its chain. */
  readonly waits_for_pick?: true;
}

/** All that a decision rests on besides the take. */
export interface DecisionContext {
  readonly claims: Claims;
  readonly picks: Picks;
  /** How settings are compared. */
  readonly spell: Spelling;
  /** Every dependant waits until its source has been picked by a person. */
  readonly approve: boolean;
  /** Takes to be made again although they are delivered, as slot keys. */
  readonly rerender: ReadonlySet<string>;
  /** Takes of the same set of which that was done already. */
  readonly remade: ReadonlySet<string>;
  /** Whether an order that failed before is bought again. */
  readonly retryFailed: boolean;
  /** Whether what was uncertain when the run began is given up for a new attempt. */
  readonly resubmitUncertain: boolean;
  /** sha256 and type of a local file, by its path in the manifest. */
  readonly localInput: (path: string) => { readonly sha256: string; readonly mime: string } | undefined;
  /** How the clips of a delivered attempt stand in the store. */
  readonly clipStatus: (attempt: Attempt) => ClipStatus;
  /** Whether an attempt was bought from the gateway that this run buys from: no other knows its job. */
  readonly isOfThisGateway: (attempt: Attempt) => boolean;
  /** Whether the run will work on a take; the clips of the others are there or they are not. */
  readonly isInScope: (ref: TakeRef) => boolean;
  /** The decision already made about a source, in the same plan; sources come first. */
  readonly decided: (ref: TakeRef) => Decision | undefined;
}
