import type { Attempt } from '../../../src/domain/attempt.js';
import { DailiesError, ManifestError } from '../../../src/errors.js';
import { pruneClips } from '../../../src/flow/commands/prune.js';
import { resolveShots } from '../../../src/flow/commands/resolve.js';
import { planProject } from '../../../src/flow/plan/plan.js';
import type { Project } from '../../../src/flow/project/project.js';
import type { GatewayOfFates } from './gateway-of-fates.js';
import type { Settle } from './story.js';

/** What a person does between runs; each gives what was wrong with it, in words. */
export interface Hands {
  settle(step: Settle): Promise<readonly string[]>;
  /** What a plan says of each shot is the same before and after. */
  prune(mayBeInTheWay: boolean): Promise<readonly string[]>;
}

export function createHands({
  gateway,
  load,
  attempts,
  onPruned,
}: {
  readonly gateway: GatewayOfFates;
  readonly load: () => Promise<Project>;
  readonly attempts: () => Promise<readonly Attempt[]>;
  /** Told which clips were removed, by their sha256. */
  readonly onPruned: (sha256: string) => void;
}): Hands {
  /** A job of the same order that no attempt has. */
  async function jobOf({ request }: Attempt): Promise<string | undefined> {
    const known = new Set((await attempts()).map(({ state }) => ('job' in state ? state.job.id : '')));
    const isItsOwn = (body: (typeof gateway.jobs)[number]['body']) =>
      body['prompt'] === request.prompt && body['previous_job_id'] === request.previous_job_id;
    return gateway.jobs.find(({ id, body }) => !known.has(id) && isItsOwn(body))?.id;
  }

  async function planned(): Promise<string> {
    const { shots } = await planProject(await load(), { offline: true });
    const needed = shots.filter(({ action }) => action !== 'orphan');
    return needed.map(({ id, take, action }) => `${id}@${take} ${action}`).join();
  }

  return {
    async settle({ which, how }) {
      const uncertain = (await attempts()).filter(({ state }) => state.kind === 'uncertain');
      const attempt = uncertain[which % Math.max(1, uncertain.length)];
      if (!attempt) return [];
      const jobId = how === 'truth' ? await jobOf(attempt) : undefined;
      const { shot, take } = attempt.owner;
      const as = how === 'abandon' ? 'abandoned' : 'not_charged';
      try {
        await resolveShots(await load(), {
          shots: [`${shot}@${take}`],
          settlement: jobId === undefined ? { as } : { as: 'job', jobId },
        });
        return [];
      } catch (error) {
        const isRefusal = error instanceof DailiesError && GATEWAY_SAYS.has(error.code);
        // Where workers go on meanwhile, one of them may have settled it, or given it to another take.
        const isSettled = (await attempts()).every(
          ({ id, state, owner }) =>
            id !== attempt.id || state.kind !== 'uncertain' || owner.shot !== shot || owner.take !== take,
        );
        return isRefusal || isSettled ? [] : [`${shot}@${take} could not be settled: ${describe(error)}`];
      }
    },

    async prune(mayBeInTheWay) {
      try {
        const before = await planned();
        for (const { sha256 } of await pruneClips(await load(), { remove: true })) onPruned(sha256);
        const after = await planned();
        return before === after ? [] : [`pruned what was needed: ${before}; ${after}`];
      } catch (error) {
        return isInTheWay(error) && mayBeInTheWay ? [] : [`prune threw ${describe(error)}`];
      }
    },
  };
}

/** Why a job cannot be taken in now: it has vanished, workers have had it, or the gateway does not answer. */
const GATEWAY_SAYS: ReadonlySet<string> = new Set([
  'job-unknown',
  'job-taken',
  'gateway-unreachable',
  'key-refused',
]);

/** A file that the program does not know for its own, and does not touch. */
export function isInTheWay(error: unknown): boolean {
  return (
    error instanceof ManifestError &&
    error.diagnostics.every(({ code, severity }) => code === 'file-not-ours' || severity !== 'error')
  );
}

export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
