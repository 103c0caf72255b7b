import type { Attempt } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import type { Decision } from '../plan/decision.js';
import { decide } from '../plan/decide.js';
import { buys } from '../domain/plan.js';
import { slotKey, sourcesOf } from '../plan/graph.js';
import { arePicksAlike } from '../plan/picks.js';
import { collectAside } from './collect.js';
import type { RunContext } from './run-context.js';
import type { Survey } from './survey.js';
import type { TakeOutcome } from './take-outcome.js';
import { runTake } from './take-run.js';

/**
 * Works through all takes in scope, in the order of work-order.ts, each take as soon as its sources are there and a
 * slot is free. Gives the outcome of each, by slot key.
 */
export async function execute(context: RunContext): Promise<ReadonlyMap<string, TakeOutcome>> {
  const { survey, store } = context;
  const { picks } = survey;
  if (!arePicksAlike(picks, store.picks())) await store.setPicks(picks);
  const decided = new Map(survey.decisions);
  const decisions: Promise<Decision>[] = [];
  const started = new Map<string, Promise<TakeOutcome>>();

  const decideInTime = async (take: Take, sources: readonly Promise<TakeOutcome>[]): Promise<Decision> => {
    const decision = decisionOf(decided, take);
    if (sources.length === 0 || !buys(decision.action)) return decision;
    await Promise.all(sources);
    // With the clips of its sources there, the take can be decided about: it may even be served already.
    const final = decide(take, { ...survey.context, decided: (ref) => decided.get(slotKey(ref)) });
    if (decision.blocked_by !== undefined) return unblocked(decision, final);
    if (final.blocked_by === undefined || !context.control.reason) return final;
    // In a run that was stopped the sources have not failed: nobody waited for them.
    const { blocked_by: _, ...cutShort } = final;
    return cutShort;
  };
  const run = async (decision: Decision): Promise<TakeOutcome> => {
    const outcome = await runTake(context, decision);
    decided.set(slotKey(decision.take), afterwards(decision, outcome));
    return outcome;
  };
  for (const take of context.order.takes) {
    const sources = sourcesOf(take, picks).flatMap((ref) => started.get(slotKey(ref)) ?? []);
    const decision = decideInTime(take, sources);
    decisions.push(decision);
    started.set(slotKey(take), decision.then(run));
  }
  // Whom an older purchase serves is certain only now: until the last decision a take may claim it.
  const aside = unserved(survey, await Promise.all(decisions)).map((older) => collectAside(context, older));
  const outcomes = new Map<string, TakeOutcome>();
  for (const [slot, outcome] of started) outcomes.set(slot, await outcome);
  await Promise.all(aside);
  return outcomes;
}

/** Of a take that was blocked when the run began. What the plan did not count on, and nobody has agreed to, is not bought. */
function unblocked(planned: Decision, final: Decision): Decision {
  if (final.blocked_by !== undefined) return planned;
  if (!buys(final.action)) return final;
  const reasons = [`the clip of ${planned.blocked_by} was found by this run: the next one goes on`];
  return { ...planned, reasons };
}

/** Purchases that are to be fetched although no take wants them any more. */
function unserved(survey: Survey, final: readonly Decision[]): Attempt[] {
  const serving = new Set([...survey.decisions.values(), ...final].map(({ attempt }) => attempt?.id));
  const older = new Set([...survey.orphans, ...final.flatMap(({ collect }) => collect)]);
  return [...older].filter(({ id }) => !serving.has(id));
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
