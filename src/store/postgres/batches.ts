import type { Spending } from '../local-attempts.js';
import { OPENING_MS, type Link, type Row } from './connection.js';
import { nanoOf } from './row.js';

/** A project that workers render, and the terms of this enqueue. */
export interface BatchTerms {
  /** 16 digits, hex; random with a project's first enqueue. */
  readonly project: string;
  readonly name: string;
  readonly manifest: string;
  /** Tells this manifest from earlier versions: orders of another revision are not bought. */
  readonly revision: string;
  readonly gateway: string;
  /** The name of the account at the gateway. */
  readonly account?: string;
  readonly spending: Spending;
  /** What it takes to plan the batch again. */
  readonly doc?: object;
}

/** A batch that a change affects. */
export interface BatchToPlan {
  readonly batch: string;
  readonly project: string;
  readonly name: string;
  readonly manifest: string;
  /** The gateway of its account. */
  readonly gateway: string;
  readonly doc: unknown;
  readonly changes: number;
}

/** The new batch. */
export interface Opened {
  readonly batch: string;
  readonly standing: unknown;
}

/** Begins a batch of a project; from now on its orders of other revisions are outdated. */
export async function beginBatch({ store }: Link, terms: BatchTerms): Promise<Opened> {
  const { project, name, manifest, revision, gateway, account = '', spending, doc } = terms;
  const { jobs, perModel, budgetUsd, maxCostUsd } = spending;
  const ceilings = {
    budgetNano: budgetUsd === undefined ? undefined : nanoOf(budgetUsd),
    maxCostNano: maxCostUsd === undefined ? undefined : nanoOf(maxCostUsd),
  };
  const given = { project, name, manifest, revision, gateway, account, jobs, perModel, doc, ...ceilings };
  const [row] = await store.insist('begin_batch', [JSON.stringify(given)], { forMs: OPENING_MS });
  return { batch: String(row?.['batch']), standing: row?.['standing'] };
}

/** A row of `to_plan`. */
export function batchIn(row: Row): BatchToPlan {
  return {
    ...{ batch: String(row['id']), project: String(row['project']), name: String(row['name']) },
    ...{
      manifest: String(row['manifest']),
      gateway: String(row['gateway']),
      doc: row['doc'],
      changes: Number(row['changes']),
    },
  };
}
