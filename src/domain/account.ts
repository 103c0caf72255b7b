/*
 * A key at a gateway that several machines share: what it may do, what it is doing, what it has spent. The fields have the names
 * that `--format json` gives them.
 */

/** Which account is meant: a gateway, and a name if there are several keys for it. */
export interface AccountId {
  /** As attempts call it: the base URL. */
  readonly gateway: string;
  /** Empty for the only one. */
  readonly name: string;
}

/** An account as it stands. Absent limits are null: there are none. */
export interface AccountStanding extends AccountId {
  readonly concurrency: number | null;
  /** Jobs that hold a place, including submits without an answer. */
  readonly in_flight: number;
  /** Orders that wait for a place. */
  readonly ready: number;
  readonly models: readonly ModelStanding[];
  readonly budget_usd: number | null;
  /** By the rule of budgets: reported costs, or upper estimates if none are reported. */
  readonly spent_usd: number;
  /** The shortest time between two submits, and how long submits are paused. */
  readonly gap_ms: number;
  readonly paused_for_ms: number;
  /** Why nothing is bought: `credits`, `budget`, `gateway` or `went-back`; null: the account buys. */
  readonly stopped: string | null;
}

/** A model that an account has a limit for, or jobs of. */
export interface ModelStanding {
  readonly model: string;
  readonly concurrency: number | null;
  readonly in_flight: number;
}

/** A worker whose lease holds. */
export interface WorkerStanding {
  readonly id: string;
  readonly name: string;
  readonly lease_left_ms: number;
  /** The orders it has in hand. */
  readonly orders: number;
}

/** What to change of an account; null takes a limit away, absent leaves it. */
export interface AccountLimits {
  readonly jobs?: number | null;
  readonly budgetUsd?: number | null;
  readonly perModel?: readonly { readonly model: string; readonly jobs: number | null }[];
}
