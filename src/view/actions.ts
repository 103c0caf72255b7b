import { defined } from '../domain/defined.js';
import { isRecord } from '../domain/is-record.js';
import { DailiesError } from '../errors.js';
import { findState } from '../flow/batch/state.js';
import { addNote, removeNote } from '../flow/commands/notes.js';
import { applyPicks } from '../flow/commands/apply-picks.js';
import type { PickWish } from '../flow/commands/pick.js';
import { resolveShots, type Settlement } from '../flow/commands/resolve.js';
import { usageOfKey } from '../flow/work/usage-hint.js';
import type { Unblocked } from '../sheet/page/live/facts.js';
import type { RunOptions } from '../flow/commands/run.js';
import { planProject } from '../flow/plan/plan.js';
import type { Scope } from '../flow/plan/survey.js';
import { connect } from '../flow/project/connections.js';
import { mayUseKey } from '../flow/project/name-key.js';
import { loadProject, type ProjectOptions } from '../flow/project/project.js';
import { askedPlan } from './ask-plan.js';
import * as editing from './editing.js';
import type { RunDesk } from './run-desk.js';
import { text, unreadable, type Wish } from './wish.js';

/** What the command line has said for all that a page does. */
export interface ViewTerms {
  readonly withKey: boolean;
  readonly maxCostUsd?: number | undefined;
  readonly renderSheet: RunOptions['renderSheet'];
}

/** What actions work on. */
export interface Desk {
  /** How the manifest is read. */
  readonly options: ProjectOptions;
  readonly runs: RunDesk;
  readonly terms: ViewTerms;
  /** Whether runs of the page stop for picks; undefined: as the manifest says. The page may change it. */
  approves: boolean | undefined;
  /** The last change that a page asked for. The next one waits for it: they share a lock, or a file. */
  changing: Promise<unknown>;
  /** Aborts when the server ends. */
  readonly signal: AbortSignal;
}

/** One thing that a page asks for; what it gives goes to the page as JSON. Throws what the page then shows. */
type Action = (desk: Desk, wish: Wish) => Promise<unknown>;

/**
 * All that a page can change, by name: the functions of the command line, with what came from the page checked first. Only `run` can
 * spend money, and it is bound to a plan that a person has confirmed.
 */
const ACTIONS: Readonly<Record<string, Action>> = {
  async plan(desk, wish) {
    desk.approves = wish['approves'] === true;
    const project = await loadProject(desk.options);
    const { withKey } = desk.terms;
    const options = { ...scopeIn(desk, wish), withKey, signal: desk.signal };
    return askedPlan(await planProject(project, options), project.target.kind === 'sandbox');
  },

  async run(desk, wish) {
    const { withKey, maxCostUsd, renderSheet } = desk.terms;
    await desk.runs.start(await loadProject(desk.options), {
      ...scopeIn(desk, wish),
      ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      ifPlan: text(wish, 'hash'),
      withKey,
      renderSheet,
    });
    return {};
  },

  stop(desk) {
    desk.runs.stop();
    return Promise.resolve({});
  },

  async pick(desk, wish): Promise<Unblocked> {
    const { shot, take } = { shot: text(wish, 'shot'), take: wish['take'] };
    const asked: PickWish = { choices: [{ shot, take, source: 'the page' }] };
    if (desk.runs.pick) {
      // The run goes on as it was planned; the next one goes by the pick.
      await desk.runs.pick(asked);
      return { unblocks: [] };
    }
    const project = await loadProject(desk.options);
    const { unblocks, cost } = await applyPicks(project, {
      ...asked,
      ...defined({ approve: desk.approves }),
    });
    const isFree = project.target.kind === 'sandbox';
    return { unblocks: unblocks.map((row) => `${row.id}@${row.take}`), maxUsd: cost.max_usd, isFree };
  },

  async settle(desk, wish) {
    const { settled, usage_usd } = await resolveShots(await loadProject(desk.options), {
      shots: [text(wish, 'key')],
      settlement: settlementIn(wish),
      withKey: desk.terms.withKey,
      signal: desk.signal,
    });
    return { settled: settled.length, usageUsd: usage_usd };
  },

  async account(desk) {
    const project = await loadProject(desk.options);
    const connections = connect(project, { usesKey: mayUseKey(project.target, desk.terms.withKey) });
    try {
      return { usageUsd: await usageOfKey(project, { connections, signal: desk.signal }) };
    } finally {
      await connections.close();
    }
  },

  async note(desk, wish) {
    const project = await loadProject(desk.options);
    const { state } = await findState(project);
    const at_seconds = wish['seconds'];
    if (typeof at_seconds !== 'number' || !Number.isFinite(at_seconds)) throw unreadable('seconds');
    return addNote(project, state, { sha256: text(wish, 'sha256'), at_seconds, text: text(wish, 'text') });
  },

  value: (desk, wish) => editing.valueOf(desk, wish),
  draft: (desk, wish) => editing.draft(desk, wish),
  save: (desk, wish) => editing.save(desk, wish),

  async unnote(desk, wish) {
    await removeNote(await loadProject(desk.options), text(wish, 'id'));
    return {};
  },
};

/** The takes that a page means: all, those it names, and among these those to be made again. */
function scopeIn({ approves }: Desk, wish: Wish): Scope {
  return { ...words(wish, 'only'), ...words(wish, 'rerender'), ...defined({ approve: approves }) };
}

function words(wish: Wish, name: 'only' | 'rerender'): Scope {
  const list: unknown = wish[name];
  if (list === undefined) return {};
  const isList = Array.isArray(list) && list.length > 0 && list.every((word) => typeof word === 'string');
  if (!isList) throw unreadable(name);
  return { [name]: list };
}

function settlementIn(wish: Wish): Settlement {
  switch (wish['as']) {
    case 'job':
      return { as: 'job', jobId: text(wish, 'jobId').trim() };
    case 'not_charged':
    case 'abandoned':
      return { as: wish['as'] };
    default:
      throw unreadable('as');
  }
}

/** Does what a page asks for. Throws `usage` on what is no action. */
export function act(desk: Desk, name: string, body: unknown): Promise<unknown> {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) throw new DailiesError('usage', `the page cannot ask for ${name}`);
  const wish = isRecord(body) ? body : {};
  if (!IN_TURN.has(name)) return action(desk, wish);
  const done = desk.changing.then(() => action(desk, wish));
  desk.changing = done.catch(() => undefined);
  return done;
}

const IN_TURN: ReadonlySet<string> = new Set(['pick', 'settle', 'note', 'unnote', 'save']);
