import { ageOf } from '../../clock.js';
import { isDelivered, isInFlight, isUncertain } from '../../domain/standing.js';
import type { Attempt } from '../../domain/attempt.js';
import { buys } from '../../domain/plan.js';
import { takeName, type Take } from '../../domain/take.js';
import { DailiesError, messageOf, unreachable } from '../../errors.js';
import { decide, isToFetch } from '../../plan/decide.js';
import type { Decision } from '../../plan/decision.js';
import { isSameTake, slotKey, sourcesOf } from '../../plan/graph.js';
import type { Survey } from '../plan/survey.js';
import type { WorkSequence } from './work-sequence.js';
import { finish, type End, type TakeOutcome } from './take-outcome.js';
import { warn, type WorkTools } from './tools.js';
import { buyOrder, followOrder, orphanOrder, type OrderTerms } from './orders.js';
import { carryOut, fetchClip, whatWentWrong, type JobOrder } from './worker.js';

/** What the planner of a run knows: the decisions, their sequence, and the tools to carry them out. */
export interface Planned extends OrderTerms {
  readonly survey: Survey;
  readonly sequence: WorkSequence;
  /** Gives the clips of a delivered take their names; returns what is in the way, if anything is. */
  readonly show: (take: Take, attempt: Attempt) => Promise<string | undefined>;
  /** What is in the way of the names of clips that were there when the run began, by the attempt's id. */
  readonly blocked: ReadonlyMap<string, string>;
}

/**
 * Sees all takes in scope to their ends: turns decisions into orders as soon as their sources are there, and hands those to
 * workers in the sequence of the plan. Gives the outcome of each take, by slot key.
 */
export async function execute(tools: WorkTools, planned: Planned): Promise<ReadonlyMap<string, TakeOutcome>> {
  const { survey, sequence } = planned;
  const workers = startWorkers(tools);
  const atRest: Decision[] = [];
  const decisions: Promise<Decision>[] = [];
  const outcomes = new Map<string, TakeOutcome>();
  const started = new Map<string, Promise<TakeOutcome>>();
  /** What has become of takes; all others are as the survey has them. */
  const ended = new Map<string, Decision>();
  const decided = (slot: string) => ended.get(slot) ?? survey.decisions.get(slot);

  const decideInTime = async (
    take: Take,
    decision: Decision,
    sources: readonly (TakeOutcome | Promise<TakeOutcome>)[],
  ): Promise<Decision> => {
    if (sources.length === 0 || !buys(decision.action)) return decision;
    await Promise.all(sources.map(async (source) => source));
    // The clips of the sources are there, so the take can be decided about: it may even be served already.
    const final = decide(take, { ...survey.context, decided: (ref) => decided(slotKey(ref)) });
    if (decision.blocked_by !== undefined) return unblocked(decision, final);
    if (final.blocked_by === undefined || !tools.control.reason) return final;
    // In a run that was stopped the sources have not failed: nobody waited for them.
    const { blocked_by: _, ...cutShort } = final;
    return cutShort;
  };
  const run = async (decision: Decision): Promise<TakeOutcome> => {
    const outcome = await runTake(tools, { planned, workers, decision });
    ended.set(slotKey(decision.take), afterwards(decision, outcome));
    return outcome;
  };
  for (const take of sequence.takes) {
    const slot = slotKey(take);
    const known = decided(slot);
    if (!known) throw new Error(`no decision about ${take.key}`);
    if (isAtRest(known)) {
      atRest.push(known);
      outcomes.set(slot, reuse(tools, { planned, decision: known }));
      continue;
    }
    const sources = sourcesOf(take, survey.picks)
      .map(slotKey)
      .flatMap((source) => outcomes.get(source) ?? started.get(source) ?? []);
    const decision = decideInTime(take, known, sources);
    decisions.push(decision);
    started.set(slot, decision.then(run));
  }
  // Only now is it certain which take an older purchase serves: until the last decision a take may claim it.
  const aside = unserved(survey, [...atRest, ...(await Promise.all(decisions))]).map((older) =>
    collect(tools, { planned, workers }, older),
  );
  for (const [slot, outcome] of started) outcomes.set(slot, await outcome);
  await Promise.all(aside);
  workers.stop();
  return outcomes;
}

/** Carries orders out, each as soon as it has a place. */
interface Workers {
  do(order: JobOrder): Promise<End>;
  stop(): void;
}

/** What to do about one take, as planned, and by which planner. */
interface Doing {
  readonly planned: Planned;
  readonly workers: Workers;
  readonly decision: Decision;
}

/** Asks for as many places at once as may come free together. */
const MOST_CLAIMS = 64;

function startWorkers(tools: WorkTools): Workers {
  const { attempts, control } = tools;
  const ends = new Map<string, (end: End) => void>();
  const stopping = new AbortController();
  const work = async (): Promise<void> => {
    for (;;) {
      for (const claim of await attempts.claim(MOST_CLAIMS, stopping.signal))
        void carryOut(tools, claim).then((end) => ends.get(claim.order.key)?.(end));
    }
  };
  work().catch((error: unknown) => {
    // The worker ends when it is told to, or if the store gives out no more work.
    if (stopping.signal.aborted) return;
    const end = whatWentWrong(tools, error, undefined);
    control.stop({ kind: 'disk', message: end.message ?? messageOf(error) });
    for (const resolve of ends.values()) resolve(end);
  });
  // Without this, other workers would go on with the remaining orders.
  const withdraw = () => void attempts.withdraw?.(control.working.aborted).catch(() => undefined);
  for (const signal of [control.submitting, control.working])
    signal.addEventListener('abort', withdraw, { signal: stopping.signal });
  return {
    do: (order) =>
      new Promise((resolve) => {
        ends.set(order.key, resolve);
        attempts.offer(order);
      }),
    stop: () => stopping.abort(),
  };
}

/** Takes one take from its decision to its end. Never rejects. */
async function runTake(tools: WorkTools, { planned, workers, decision }: Doing): Promise<TakeOutcome> {
  const { take } = decision;
  let before = decision.attempt;
  try {
    if (decision.blocked_by === undefined) before = await owned(tools, decision);
    const doing = { planned, workers, decision, attempt: before };
    const end = await untilNamed(tools, doing, await act(tools, doing));
    if (end.reused === true) return reuse(tools, { planned, decision, attempt: end.attempt });
    const shown =
      end.outcome === undefined && end.attempt && isDelivered(end.attempt) ? end.attempt : undefined;
    const obstacle = shown && (await planned.show(take, shown));
    if (obstacle !== undefined) return finish(tools, decision, { ...end, ...inTheWay(obstacle) });
    // Its names are on record by now.
    return finish(tools, decision, shown ? { ...end, attempt: tools.attempts.get(shown.id) } : end);
  } catch (error) {
    return finish(tools, decision, whatWentWrong(tools, error, before));
  }
}

/** How long to wait for an event that names the job of a lost answer, if nothing is known about how long jobs take. */
const USUAL_PATIENCE_MS = 600_000;

/** An event may come this long after the end. */
const EVENT_DELAY_MS = 60_000;

/** Waits for a submit whose answer was lost as for a job: an event may name its job, and then the job is followed. */
async function untilNamed(tools: WorkTools, { planned, workers, decision }: Doing, end: End): Promise<End> {
  const { attempt } = end;
  const { callback, clock, control, timing, pollTimeoutMs } = tools;
  if (!callback || !attempt || !isUncertain(attempt) || attempt.callback === undefined) return end;
  // If the gateway's answers make no sense, no event is expected from it.
  if (control.reason?.kind === 'gateway') return end;
  const { model, duration, resolution } = attempt.request;
  const latestMs = timing.latestMs({ model, duration, resolution }) ?? USUAL_PATIENCE_MS;
  const leftMs = Math.min(latestMs + EVENT_DELAY_MS, pollTimeoutMs) - ageOf(clock, attempt.times.submitted)();
  if (leftMs <= 0) return end;
  const { take } = decision;
  const minutes = Math.max(1, Math.round(leftMs / 60_000));
  warn(tools, `its submit is unanswered: waiting up to ${minutes} min for an event that names its job`, take);
  const after = await tools.hints.settled(attempt, leftMs, control.working);
  return isInFlight(after) ? workers.do(followOrder(planned, take, after)) : { ...end, attempt: after };
}

/** The take needs no work, only a report; with many thousands of takes, such reports are most of a run. */
function isAtRest({ action, attempt, take, blocked_by }: Decision): boolean {
  return (
    action === 'reuse' && blocked_by === undefined && attempt !== undefined && isSameTake(attempt.owner, take)
  );
}

function reuse(
  tools: WorkTools,
  {
    planned: { blocked },
    decision,
    attempt = decision.attempt,
  }: { readonly planned: Planned; readonly decision: Decision; readonly attempt?: Attempt | undefined },
): TakeOutcome {
  const obstacle = blocked.get(attempt?.id ?? '');
  const current = attempt && tools.attempts.get(attempt.id);
  const end: End = { attempt: current, reused: true };
  return finish(tools, decision, obstacle === undefined ? end : { ...end, ...inTheWay(obstacle) });
}

function inTheWay(path: string): Pick<End, 'outcome' | 'message'> {
  return {
    outcome: 'waiting',
    message: `its clip is in the store; ${path} is in the way of its name, and it is not ours: move it, and run again`,
  };
}

/** The attempt that serves the take, in the take's own name from now on. */
async function owned({ attempts }: WorkTools, { take, attempt }: Decision): Promise<Attempt | undefined> {
  if (!attempt) return undefined;
  const current = attempts.get(attempt.id);
  if (isSameTake(current.owner, take)) return current;
  return attempts.assign(current, { shot: take.shot, take: take.take });
}

async function act(
  tools: WorkTools,
  { planned, workers, decision, attempt }: Doing & { readonly attempt: Attempt | undefined },
): Promise<End> {
  const { take, action } = decision;
  if (decision.blocked_by !== undefined)
    return { attempt: undefined, outcome: 'blocked', message: decision.reasons.join('; ') };
  if (buys(action)) return buyTake(tools, { planned, workers, decision });
  if (!attempt) {
    if (action === 'held') return { attempt, outcome: 'failed', message: decision.reasons.join('; ') };
    throw new DailiesError('internal', `nothing serves take ${take.key}`);
  }
  const isDamaged = planned.survey.context.clipStatus(attempt) === 'changed';
  const fetch = () => fetchClip(tools, { attempt, take, urls: [], isDamaged });
  switch (action) {
    case 'resume':
      return workers.do(followOrder(planned, take, attempt));
    case 'download':
      return fetch();
    case 'reuse':
      return { attempt, reused: true };
    case 'held':
      // Each run asks again for a lost attempt; an uncertain one waits for a person.
      if (attempt.state.kind === 'lost') return workers.do(followOrder(planned, take, attempt));
      return isDelivered(attempt) ? fetch() : { attempt };
    case 'orphan':
    case 'render':
    case 'rerender':
    case 'retry':
      throw new DailiesError('internal', `take ${take.key} cannot be done by ${action}`);
    default:
      return unreachable(action);
  }
}

async function buyTake({ control }: WorkTools, { planned, workers, decision }: Doing): Promise<End> {
  // In a run that was stopped nobody waited for a take's sources; and other workers may buy what is offered.
  if (control.reason) return { attempt: undefined };
  const order = buyOrder(planned, decision);
  if (order) return workers.do(order);
  throw new DailiesError('internal', `take ${decision.take.key} has inputs that are not known`);
}

/**
 * Fetches the clip of a job that serves no take any more: it was paid for. Never rejects; a clip that cannot be fetched now stays
 * on record for the next run, with a warning.
 */
async function collect(
  tools: WorkTools,
  { planned, workers }: Omit<Doing, 'decision'>,
  older: Attempt,
): Promise<void> {
  const shot = takeName(older.owner);
  const name = `an earlier job of ${shot}`;
  if (isUncertain(older)) {
    warn(
      tools,
      `a submit of ${shot} is unanswered, and may have been charged: dailies resolve settles ${shot}`,
    );
    return;
  }
  const isAtWork = isInFlight(older) || older.state.kind === 'lost';
  const end = isAtWork
    ? await workers.do(orphanOrder(planned, older))
    : await fetchClip(tools, { attempt: older, take: undefined, urls: [], isDamaged: false }).catch(
        (error: unknown) => whatWentWrong(tools, error, older),
      );
  if (end.attempt?.state.kind === 'lost') {
    const { job, message } = end.attempt.state;
    warn(tools, `${name} is not fetched yet: job ${job.id} is lost: ${message}`);
  } else if (end.outcome !== undefined) warn(tools, `${name} is not fetched yet: ${end.message ?? ''}`);
}

/** Decides about a take that was blocked when the run began. Purchases that the plan did not count on, and nobody agreed to, are not made. */
function unblocked(planned: Decision, final: Decision): Decision {
  if (final.blocked_by !== undefined) return planned;
  if (!buys(final.action)) return final;
  const reasons = [`this run found the clip of ${planned.blocked_by}: the next run continues`];
  return { ...planned, reasons };
}

/** Purchases to fetch although no take wants them any more. */
function unserved(survey: Survey, final: readonly Decision[]): Attempt[] {
  const older = new Set(survey.orphans);
  for (const { collect: unfetched } of final) for (const attempt of unfetched) older.add(attempt);
  if (older.size === 0) return [];
  const serving = new Set([...survey.decisions.values(), ...final].map(({ attempt }) => attempt?.id));
  return [...older].filter(
    (attempt) => !serving.has(attempt.id) && (!isDelivered(attempt) || isToFetch(attempt, survey.context)),
  );
}

/** What dependants see of a finished take: a clip, or that there will be none. */
function afterwards(decision: Decision, { attempt, result }: TakeOutcome): Decision {
  const { attempt: _, ...rest } = decision;
  const serving: { readonly attempt?: Attempt } = attempt ? { attempt } : {};
  const isThere = attempt && isDelivered(attempt) && result.outcome !== 'held';
  return { ...rest, ...serving, action: isThere ? 'reuse' : 'held' };
}
