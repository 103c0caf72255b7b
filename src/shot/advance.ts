import type {
  Attempt,
  AttemptEvent,
  AttemptState,
  AttemptStateKind,
  JobRef,
  StateOf,
} from '../domain/attempt.js';
import { DailiesError, unreachable } from '../errors.js';

/**
 * Moves an attempt along one arrow of the diagram in domain/attempt.ts: the only way its state changes,
 * in a running program and in a replayed journal alike.
 * Throws `internal` on a move that the diagram does not have.
 */
export function advance(attempt: Attempt, event: AttemptEvent): Attempt {
  const state = nextState(attempt, event);
  const next = { ...withCallback(attempt, event, state.kind), state, times: nextTimes(attempt.times, event) };
  if (event.type !== 'rerendered' || !attempt.rerender) return next;
  return { ...next, rerender: { ...attempt.rerender, done: true } };
}

function nextState({ id, state }: Attempt, event: AttemptEvent): AttemptState {
  const since = event.at;
  const from = <K extends AttemptStateKind>(...kinds: readonly K[]): StateOf<K> => {
    if (isOneOf(state, kinds)) return state;
    throw new DailiesError('internal', `attempt ${id} cannot go from ${state.kind} by ${event.type}`);
  };

  switch (event.type) {
    case 'submit_started':
      from('planned');
      return { kind: 'submitting', since };
    case 'accepted':
      from('submitting');
      return { kind: 'pending', since, job: event.job };
    case 'not_accepted':
      from('submitting');
      return { kind: 'planned', since };
    case 'refused':
      from('submitting');
      return { kind: 'refused', since, status: event.status, message: event.message };
    case 'answer_lost':
      from('submitting');
      return { kind: 'uncertain', since, ...lostAnswer(event) };
    case 'rerendered':
      return state;
    case 'resumed':
      return from('pending', 'in_progress');
    case 'progressed':
      return { kind: event.status, since, job: from('pending', 'in_progress').job };
    case 'completed': {
      const job = { ...from('pending', 'in_progress').job, ...event.details };
      return { kind: 'completed', since, job, ...costOf(event) };
    }
    case 'ended': {
      const job = { ...from('pending', 'in_progress').job, ...event.details };
      return { kind: event.status, since, job, message: event.message, ...costOf(event) };
    }
    case 'lost': {
      const before = from('pending', 'in_progress', 'completed', 'downloading', 'delivered');
      if (before.kind === 'delivered') return { ...before, lost: event.message };
      return { kind: 'lost', since, job: before.job, message: event.message, ...costOf(before) };
    }
    case 'found':
      return { kind: 'pending', since, job: from('lost').job };
    case 'download_started': {
      const before = from('completed', 'downloading');
      return { kind: 'downloading', since, job: before.job, ...costOf(before) };
    }
    case 'download_failed': {
      const before = from('downloading');
      return { kind: 'completed', since, job: before.job, ...costOf(before) };
    }
    case 'delivered': {
      const before = from('completed', 'downloading', 'delivered');
      return { kind: 'delivered', since, job: before.job, outputs: event.outputs, ...costOf(before) };
    }
    case 'pruned':
      return { ...from('delivered'), pruned: true };
    case 'resolved':
      return resolved(event, since, from);
    default:
      return unreachable(event);
  }
}

/** A token is of use until the end of its job is known; of a submit without an answer, for as long as it may still come. */
const AWAITED: ReadonlySet<AttemptStateKind> = new Set([
  ...(['submitting', 'pending', 'in_progress'] as const),
  ...(['uncertain', 'not_charged', 'abandoned'] as const),
]);

function withCallback(attempt: Attempt, event: AttemptEvent, kind: AttemptStateKind): Attempt {
  const isNew = event.type === 'submit_started';
  if (isNew ? attempt.callback === event.callback : attempt.callback === undefined || AWAITED.has(kind))
    return attempt;
  const { callback: _, ...rest } = attempt;
  return isNew && event.callback !== undefined ? { ...rest, callback: event.callback } : rest;
}

type From = <K extends AttemptStateKind>(...kinds: readonly K[]) => StateOf<K>;

/** An uncertain attempt can be settled either way by hand; a lost one can only be given up. */
function resolved(
  event: Extract<AttemptEvent, { type: 'resolved' }>,
  since: string,
  from: From,
): AttemptState {
  switch (event.as) {
    case 'job':
      from('uncertain');
      return { kind: 'pending', since, job: event.job };
    case 'not_charged':
      from('uncertain');
      return { kind: 'not_charged', since };
    case 'abandoned': {
      const before = from('uncertain', 'lost', 'delivered');
      if (before.kind === 'delivered' && before.lost === undefined) return from();
      return before.kind === 'uncertain'
        ? { kind: 'abandoned', since }
        : { kind: 'abandoned', since, job: before.job, ...costOf(before) };
    }
    default:
      return unreachable(event);
  }
}

function nextTimes(times: Attempt['times'], event: AttemptEvent): Attempt['times'] {
  const isStart = event.type === 'progressed' && event.status === 'in_progress';
  const step = isStart && times.started === undefined ? 'started' : REACHED[event.type];
  // If the clock is set back between two steps, no step ends before it began.
  return step ? { ...times, [step]: Math.max(Date.parse(event.at), ...Object.values(times)) } : times;
}

/** The step that an event reaches. */
const REACHED: Readonly<Partial<Record<AttemptEvent['type'], keyof Attempt['times']>>> = {
  submit_started: 'submitted',
  accepted: 'accepted',
  resumed: 'resumed',
  completed: 'completed',
  ended: 'completed',
  delivered: 'delivered',
};

function isOneOf<K extends AttemptStateKind>(state: AttemptState, kinds: readonly K[]): state is StateOf<K> {
  return (kinds as readonly string[]).includes(state.kind);
}

function lostAnswer({ message, usage_before }: Extract<AttemptEvent, { type: 'answer_lost' }>) {
  return { message, ...(usage_before && { usage_before }) };
}

/** The cost as an optional field: absent if it is not reported. */
function costOf(holder: { readonly job?: JobRef; readonly cost_usd?: number }): {
  readonly cost_usd?: number;
} {
  return holder.cost_usd === undefined ? {} : { cost_usd: holder.cost_usd };
}
