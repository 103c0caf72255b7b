import type { Attempt } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import type { Decision } from '../plan/decision.js';
import { decide } from '../plan/decide.js';
import { buys } from '../plan/document.js';
import { inDependencyOrder, slotKey, sourcesOf } from '../plan/graph.js';
import { collectAside } from './collect.js';
import type { RunContext } from './run-context.js';
import { runTake, type TakeOutcome } from './take-run.js';

/**
 * Works through all takes in scope: what is in flight first, then the longest jobs, each take as soon as its
 * sources are there and a slot is free. Gives the outcome of each, by slot key.
 */
export async function execute(context: RunContext): Promise<ReadonlyMap<string, TakeOutcome>> {
  const { survey } = context;
  const { picks } = survey;
  const decided = new Map(survey.decisions);
  const started = new Map<string, Promise<TakeOutcome>>();
  const aside: Promise<void>[] = survey.orphans.map((orphan) => collectAside(context, orphan));

  const run = async (take: Take, sources: readonly Promise<TakeOutcome>[]): Promise<TakeOutcome> => {
    const slot = slotKey(take);
    let decision = decisionOf(decided, take);
    if (sources.length > 0 && buys(decision.action) && decision.blocked_by === undefined) {
      await Promise.all(sources);
      // With the clips of its sources there, the take can be decided about: it may even be served already.
      if (decision.waits_for.length > 0)
        decision = decide(take, { ...survey.context, decided: (ref) => decided.get(slotKey(ref)) });
    }
    for (const older of decision.collect) aside.push(collectAside(context, older));
    const outcome = await runTake(context, decision);
    decided.set(slot, afterwards(decision, outcome));
    return outcome;
  };
  for (const take of inWorkOrder(context)) {
    const sources = sourcesOf(take, picks).flatMap((ref) => started.get(slotKey(ref)) ?? []);
    started.set(slotKey(take), run(take, sources));
  }
  const outcomes = new Map<string, TakeOutcome>();
  for (const [slot, outcome] of started) outcomes.set(slot, await outcome);
  await Promise.all(aside);
  return outcomes;
}

/**
 * Jobs in flight hold slots already, so they come first; then what takes longest, by what such jobs have taken,
 * so that no long job is left alone at the end. Takes of which nothing is known keep the manifest's order.
 */
function inWorkOrder({ survey, timing }: RunContext): Take[] {
  const ordered = inDependencyOrder(survey.inScope, survey.picks);
  const rank = new Map<Take, number>();
  for (const take of ordered) {
    const decision = decisionOf(survey.decisions, take);
    const { model, duration, resolution } = take.settings;
    const expectedMs = timing.expectedMs({ model, duration, resolution }) ?? 0;
    const waits = sourcesOf(take, survey.picks).length > 0;
    // A take never goes before its sources; those that have some keep their order, after all others.
    rank.set(take, waits ? -1 : buys(decision.action) ? expectedMs : Infinity);
  }
  return ordered.toSorted((a, b) => compare(rank.get(b) ?? 0, rank.get(a) ?? 0));
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function decisionOf(decisions: ReadonlyMap<string, Decision>, take: Take): Decision {
  const decision = decisions.get(slotKey(take));
  if (!decision) throw new Error(`no decision about ${take.key}`);
  return decision;
}

/** What dependants see of a take whose work is over: a clip, or that there will be none. */
function afterwards(decision: Decision, { attempt }: TakeOutcome): Decision {
  const serving: { readonly attempt?: Attempt } = attempt ? { attempt } : {};
  return attempt?.state.kind === 'delivered'
    ? { ...decision, ...serving, action: 'reuse' }
    : { ...decision, ...serving, action: 'held' };
}
