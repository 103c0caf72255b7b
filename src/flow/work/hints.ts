import { isInFlight } from '../../domain/standing.js';
import type { Attempt } from '../../domain/attempt.js';
import type { Clock } from '../../clock.js';
import { createAnnouncements, type Announcements } from '../../shot/announcements.js';
import type { AttemptStore } from '../../store/attempt-store.js';
import type { JobOrder } from './worker.js';

/**
 * Acts on the events of gateways. An event is a hint and no fact: it causes one poll of a job that is waited for, and one question
 * about the job of a submit whose answer was lost.
 */
export interface Hints {
  /** A verified event names a job for an attempt. */
  hear(attempt: Attempt, job: string): void;
  /** How likely it is that nobody announces the end of an attempt's job, from 0 to 1. */
  silence(attempt: Attempt): number;
  /** Waits, but no longer than until an event names the job of an attempt: gives whether one did. Rejects when the signal aborts. */
  wait(attempt: Attempt, ms: number, signal: AbortSignal): Promise<boolean>;
  /** The end of a job was found, by a poll that an event caused, or by another one. */
  ended(attempt: Attempt, isTold: boolean): void;
  /** The answer to a submit was lost: an event may have come before. */
  unanswered(attempt: Attempt): void;
  /** Waits until an uncertain attempt is settled, `ms` at most: gives its state then. */
  settled(attempt: Attempt, ms: number, signal: AbortSignal): Promise<Attempt>;
}

/** How often to look whether another process has settled a submit without an answer. */
const LOOK_MS = 2_000;

/**
 * `isListening`: whether events can be expected, because this process has asked for them. `adopt` asks the gateway for the job that an
 * event names for a submit whose answer was lost, and takes it in; it does not reject.
 */
export function createHints({
  attempts,
  clock,
  isListening,
  adopt,
}: {
  readonly attempts: Pick<AttemptStore<JobOrder>, 'get' | 'heeded' | 'refresh'>;
  readonly clock: Clock;
  readonly isListening: boolean;
  readonly adopt: (attempt: Attempt, job: string) => Promise<void>;
}): Hints {
  /** Events that were not acted upon yet, by the attempt's id. */
  const open = new Map<string, string>();
  const waiting = new Map<string, () => void>();
  const adopting = new Map<string, Promise<void>>();
  const byGateway = new Map<string, Announcements>();
  /** How the end of each attempt's job was found, for attempts with an expected event. */
  const found = new Map<string, 'heard' | 'missed'>();

  const announcementsOf = ({ gateway }: Attempt): Announcements => {
    const known = byGateway.get(gateway) ?? createAnnouncements();
    byGateway.set(gateway, known);
    return known;
  };
  const count = (attempt: Attempt) => {
    const before = found.get(attempt.id);
    found.set(attempt.id, 'heard');
    if (before === undefined) announcementsOf(attempt).heard();
    else if (before === 'missed') announcementsOf(attempt).cameLate();
  };
  const ask = (attempt: Attempt, job: string): void => {
    const { id } = attempt;
    if (adopting.has(id)) return;
    const asked = adopt(attempt, job).then(() => {
      adopting.delete(id);
      // Another event may have named another job meanwhile.
      const later = open.get(id);
      open.delete(id);
      if (later !== undefined && later !== job) ask(attempt, later);
      else waiting.get(id)?.();
    });
    adopting.set(id, asked);
  };

  return {
    hear(attempt, job) {
      count(attempt);
      const { state } = attempt;
      // The event is looked at again when the attempt has come so far.
      if (state.kind === 'submitting' || state.kind === 'uncertain') open.set(attempt.id, job);
      const isGivenUp = state.kind === 'not_charged' || state.kind === 'abandoned';
      if (state.kind === 'uncertain' || isGivenUp) ask(attempt, job);
      if (!isInFlight(attempt) || attempt.state.job.id !== job) return;
      void attempts.heeded?.(attempt, job).catch(() => undefined);
      open.set(attempt.id, job);
      waiting.get(attempt.id)?.();
    },
    silence(attempt) {
      if (!isListening || attempt.callback === undefined) return 1;
      return announcementsOf(attempt).silence();
    },
    async wait({ id, callback }, ms, signal) {
      if (callback === undefined) await clock.sleep(ms, signal);
      else if (!open.has(id)) await sleep(id, ms, signal);
      return open.delete(id);
    },
    ended(attempt, isTold) {
      open.delete(attempt.id);
      if (!isListening || attempt.callback === undefined || isTold || found.has(attempt.id)) return;
      found.set(attempt.id, 'missed');
      announcementsOf(attempt).missed();
    },
    unanswered(attempt) {
      const job = open.get(attempt.id);
      if (job !== undefined) ask(attempt, job);
    },
    async settled({ id }, ms, signal) {
      const isOpen = () => attempts.get(id).state.kind === 'uncertain';
      const until = clock.elapsed() + ms;
      for (let left = ms; isOpen() && left > 0; left = until - clock.elapsed()) {
        // If another process settles the attempt, no event here says so.
        const mostMs = attempts.refresh ? LOOK_MS : Infinity;
        await sleep(id, Math.min(left, mostMs), signal).catch(() => undefined);
        if (signal.aborted) break;
        await attempts.refresh?.(attempts.get(id));
      }
      // Wait for an answer that is on its way.
      while (isOpen() && adopting.has(id)) await adopting.get(id);
      return attempts.get(id);
    },
  };

  async function sleep(id: string, ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const woken = new AbortController();
    const wake = () => woken.abort();
    signal.addEventListener('abort', wake);
    waiting.set(id, wake);
    try {
      await clock.sleep(ms, woken.signal);
    } catch {
      signal.throwIfAborted();
    } finally {
      waiting.delete(id);
      signal.removeEventListener('abort', wake);
    }
  }
}
