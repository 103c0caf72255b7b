import { identityOf, outputsOf, type Attempt, type RecordedRequest } from '../domain/attempt.js';
import { groupBy } from '../domain/group-by.js';
import type { Picks } from '../domain/picks.js';
import { isLive, type LiveAttempt } from '../domain/standing.js';
import type { Take, TakeRef } from '../domain/take.js';
import { plainSettings, plainText } from '../domain/plain-settings.js';
import type { Spelling } from '../catalogue/spelling.js';
import { recordedSettings, requestFingerprint } from '../shot/order.js';
import { settingChanges } from './changes.js';
import { hasSources, slotKey, sourcesOf } from './graph.js';

/**
 * What a take asks for. An attempt bought it if the attempt has this fingerprint, or if its recorded request asks for the same
 * in another spelling: so neither a changed spelling nor a damaged fingerprint in the lockfile buys again.
 */
export interface Wish {
  readonly fingerprint: string;
  /** In the form in which prompts are compared: see `plainText`. */
  readonly prompt: () => string;
  /** The fingerprint in the spelling in which wishes are compared; computing it takes long. */
  readonly plain: () => string;
}

/** Which attempts serve which takes: each attempt serves at most one take. */
export interface Claims {
  /** Gives the take its own newest attempt that bought its wish, otherwise undefined. A second call gives the same. */
  claimOwn(ref: TakeRef, wish: Wish): LiveAttempt | undefined;
  /**
   * Gives the take an unclaimed attempt that bought its wish, even one of a renamed or removed shot. Leaves alone an attempt that
   * an unsettled take may claim itself. A second call gives the same.
   */
  claimAnywhere(ref: TakeRef, wish: Wish): LiveAttempt | undefined;
  /** The take's claim is settled, or it has none: its other attempts may serve others from now on. */
  settle(ref: TakeRef): void;
  /** All attempts that a take owns and no other take has claimed, oldest first. */
  owned(ref: TakeRef): readonly Attempt[];
  /** Whether an attempt replaced an uncertain one. */
  isResubmit(attempt: Attempt): boolean;
  /** All attempts that serve no take, oldest first. */
  unclaimed(): readonly Attempt[];
}

/**
 * Sets up the claims over the attempts of a lockfile. `takes` are all takes of the manifest:
 * each is unsettled until `settle` is called, so that no other take gets what it may claim. `picks` say which
 * takes they are made from, `spell` how settings are compared.
 */
export function createClaims(
  attempts: readonly Attempt[],
  takes: readonly Take[],
  picks: Picks,
  spell: Spelling = plainSettings,
): Claims {
  const bySlot = groupBy(attempts, (attempt) => slotKey(attempt.owner));
  // If every take's own attempts serve it, this is never needed.
  let byFingerprint: ReadonlyMap<string, readonly LiveAttempt[]> | undefined;
  const unsettled = new Map(takes.map((take) => [slotKey(take), take]));
  const claimedBy = new Map<string, string>();
  const makersOf = findMakers(attempts);
  const plainOf = findPlain(makersOf, spell);
  let byPrompt: ReadonlyMap<string, readonly LiveAttempt[]> | undefined;

  /** Whether a take may still claim an attempt, as far as this is known while its sources are not settled. */
  const mayAskFor = (take: Take, { request }: Attempt): boolean => {
    const makers = makersOf(request);
    // An attempt made from other clips can only serve a take made from other clips, and the reverse.
    if (hasSources(take) !== makers.length > 0) return false;
    const { previous_job_id: _, ...settings } = request;
    if (settingChanges(spell(settings), spell(recordedSettings(take))).length > 0) return false;
    const sources = new Set(sourcesOf(take, picks).map(slotKey));
    // A clip that already serves one take cannot become the source of another.
    return makers.every(
      (holders) =>
        holders.length === 0 ||
        holders.some(({ id }) => !claimedBy.has(id) || sources.has(claimedBy.get(id) ?? '')),
    );
  };
  const claim = (attempt: LiveAttempt | undefined, slot: string) => {
    if (attempt) claimedBy.set(attempt.id, slot);
    return attempt;
  };
  return {
    claimOwn(ref, wish) {
      const slot = slotKey(ref);
      const own = bySlot.get(slot) ?? [];
      const isMatch = (attempt: Attempt): attempt is LiveAttempt =>
        isLive(attempt) &&
        (claimedBy.get(attempt.id) ?? slot) === slot &&
        (attempt.fingerprint === wish.fingerprint || plainOf(attempt) === wish.plain());
      return claim(own.findLast(isMatch), slot);
    },
    claimAnywhere(ref, wish) {
      const slot = slotKey(ref);
      const isFree = (attempt: Attempt) => {
        const owner = unsettled.get(slotKey(attempt.owner));
        return !claimedBy.has(attempt.id) && !(owner && mayAskFor(owner, attempt));
      };
      byFingerprint ??= groupBy(attempts.filter(isLive), (attempt) => attempt.fingerprint);
      const find = (candidates: readonly LiveAttempt[] = []) =>
        candidates.find(({ id }) => claimedBy.get(id) === slot) ?? candidates.find(isFree);
      const found = find(byFingerprint.get(wish.fingerprint));
      if (found) return claim(found, slot);
      byPrompt ??= groupBy(attempts.filter(isLive), ({ request }) => plainText(request.prompt ?? ''));
      const alike = byPrompt.get(wish.prompt())?.filter((attempt) => plainOf(attempt) === wish.plain());
      return claim(find(alike), slot);
    },
    settle(ref) {
      unsettled.delete(slotKey(ref));
    },
    owned(ref) {
      const slot = slotKey(ref);
      return (bySlot.get(slot) ?? []).filter((attempt) => (claimedBy.get(attempt.id) ?? slot) === slot);
    },
    isResubmit({ replaces }) {
      if (replaces === undefined) return false;
      const { state } = attempts.find(({ id }) => id === replaces) ?? {};
      // Only an uncertain attempt can be given up without a job.
      return state?.kind === 'abandoned' && state.job === undefined;
    },
    unclaimed: () => attempts.filter((attempt) => !claimedBy.has(attempt.id)),
  };
}

/** Finds what an attempt's request asked for, in the spelling in which wishes are compared; computes each once. */
function findPlain(
  makersOf: ReturnType<typeof findMakers>,
  spell: Spelling,
): (attempt: Attempt) => string | undefined {
  const known = new Map<string, string | undefined>();
  const find = ({ request }: Attempt): string | undefined => {
    if (request.previous_job_id === undefined) return requestFingerprint(spell(request), undefined);
    const continued = makersOf(request).at(-1)?.flatMap(outputsOf)[0];
    return continued && requestFingerprint(spell(request), identityOf(continued));
  };
  return (attempt) => {
    if (!known.has(attempt.id)) known.set(attempt.id, find(attempt));
    return known.get(attempt.id);
  };
}

/** Finds the attempts that may have given each clip of a request: several for one clip, if their bytes are equal. */
function findMakers(attempts: readonly Attempt[]) {
  let bySha: Map<string, Attempt[]> | undefined;
  let byJob: Map<string, Attempt[]> | undefined;
  return (request: RecordedRequest): readonly (readonly Attempt[])[] => {
    const { frame_images = [], input_references = [], previous_job_id: job } = request;
    const clips = [...frame_images, ...input_references].flatMap(({ input }) =>
      'from' in input ? [input.clip_sha256] : [],
    );
    bySha ??= groupBy(attempts, (attempt) => outputsOf(attempt).slice(0, 1).map(identityOf).join());
    byJob ??= groupBy(attempts, ({ state }) => ('job' in state ? state.job.id : ''));
    const makers = clips.map((sha256) => bySha?.get(sha256) ?? []);
    return job === undefined ? makers : [...makers, byJob.get(job) ?? []];
  };
}
