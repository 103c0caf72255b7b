import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attempt } from '../../../src/domain/attempt.js';
import { DailiesError } from '../../../src/errors.js';
import type { RunSummary } from '../../../src/events.js';
import { loadProject, type Project } from '../../../src/flow/project/project.js';
import { resolveShots } from '../../../src/flow/commands/resolve.js';
import { runProject } from '../../../src/flow/commands/run.js';
import { readShotState } from '../../helpers/state.js';
import { findSidecars } from '../../../src/store/sidecar.js';
import { makeClip } from '../../helpers/clips.js';
import { fastClock } from '../../helpers/clock.js';
import { audit, missingClips, type Audited } from './audit.js';
import { copyAsKilled } from './freeze.js';
import { openGatewayOfFates, type GatewayOfFates } from './gateway-of-fates.js';
import { countMoments, openReader } from './moments.js';
import { demandOf, edited, FIRST_SCRIPT, manifestOf, type Script } from './script.js';
import type { Run, Settle, Step, Story } from './story.js';

/** Lives a story through, and looks around after each run; gives what it found to be wrong. */
export async function live(story: Story): Promise<readonly string[]> {
  const gateway = await openGatewayOfFates(story, await makeClip());
  const world = await openWorld(gateway, story.settings);
  try {
    for (const step of story.steps) {
      await world.take(step);
      if (world.wrong.length > 0) return world.wrong;
    }
    await world.comeToAnEnd();
    return world.wrong;
  } finally {
    await gateway.close();
    await world.remove();
  }
}

/** Makes minutes of patience pass in seconds. */
const SPEED = 100;

const UNDISTURBED: Run = {
  do: 'run',
  submits: [],
  polls: [],
  contents: [],
  end: { how: 'itself' },
  resubmit: false,
  rerender: undefined,
  retryFailed: true,
};

interface World {
  /** What was found to be wrong so far. */
  readonly wrong: readonly string[];
  take(step: Step): Promise<void>;
  /** With a gateway that behaves everything is delivered, and every clip that was paid for is there. */
  comeToAnEnd(): Promise<void>;
  remove(): Promise<void>;
}

async function openWorld(gateway: GatewayOfFates, settings: Story['settings']): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'dailies-model-'));
  const wrong: string[] = [];
  const demand = { wanted: new Map<string, number>(), rerendered: new Map<string, number>() };
  /** Attempts whose clips were removed: those that serve a take are fetched again, the others are not missed. */
  const removedByHand = new Set<string>();
  let script: Script = FIRST_SCRIPT;
  /** With each crash a new life begins, in a folder of its own. */
  let life = 1;

  const folderOf = (number: number) => join(root, `life-${number}`);
  const project = (): Audited => ({
    lockfile: join(folderOf(life), 'film.lock.json'),
    output: join(folderOf(life), 'renders', 'film'),
    clipOf: gateway.clipOf,
    server: gateway,
  });
  const attempts = async () => (await readShotState(project().lockfile)).attempts();

  async function load(): Promise<Project> {
    const manifest = join(folderOf(life), 'film.yaml');
    await mkdir(folderOf(life), { recursive: true });
    await writeFile(manifest, manifestOf(script, { baseUrl: gateway.baseUrl, settings }));
    return loadProject({ manifest, env: { TEST_KEY: gateway.keyOf(life) }, clock: fastClock(SPEED) });
  }

  async function run(step: Run): Promise<RunSummary | undefined> {
    const rerender = step.rerender === undefined ? undefined : script[step.rerender % script.length];
    for (const [prompt, takes] of demandOf(script))
      demand.wanted.set(prompt, Math.max(takes, demand.wanted.get(prompt) ?? 0));
    if (rerender) {
      const before = demand.rerendered.get(rerender.prompt) ?? 0;
      demand.rerendered.set(rerender.prompt, before + rerender.takes);
    }
    const stopping = new AbortController();
    const reader = openReader(project().lockfile);
    const moments = countMoments(step.end, () => {
      if (step.end.how === 'crash') {
        gateway.forget(life);
        copyAsKilled(folderOf(life), folderOf(life + 1));
      }
      // What is left of a killed run only has to end.
      stopping.abort();
    });
    gateway.prepare(step, () => moments.pass());
    const summary = await runProject(await load(), {
      onUncertain: step.resubmit ? 'resubmit' : 'hold',
      retryFailed: step.retryFailed,
      ...(rerender ? { rerender: [rerender.id] } : {}),
      signal: stopping.signal,
      onEvent() {
        moments.pass();
        reader.look();
      },
    }).catch((error: unknown) => {
      if (!stopping.signal.aborted && !isRefusal(error)) wrong.push(`a run threw ${describe(error)}`);
      return undefined;
    });
    moments.end();
    wrong.push(...(await reader.close()));
    const hasDied = moments.hasStruck && step.end.how === 'crash';
    if (hasDied) {
      await rm(folderOf(life), { recursive: true, force: true });
      life += 1;
    } else {
      for (const { key, message = '' } of summary?.shots ?? [])
        if (message.includes('please report')) wrong.push(`${key}: ${message}`);
    }
    wrong.push(...(await audit(project(), demand)));
    return hasDied ? undefined : summary;
  }

  async function settle({ which, how }: Settle): Promise<void> {
    const uncertain = (await attempts()).filter(({ state }) => state.kind === 'uncertain');
    const attempt = uncertain[which % Math.max(1, uncertain.length)];
    if (!attempt) return;
    gateway.prepare(UNDISTURBED, () => undefined);
    const jobId = how === 'truth' ? await jobOf(attempt) : undefined;
    const { shot, take } = attempt.owner;
    try {
      await resolveShots(await load(), {
        shots: [`${shot}@${take}`],
        settlement:
          jobId === undefined
            ? { as: how === 'abandon' ? 'abandoned' : 'not_charged' }
            : { as: 'job', jobId },
      });
    } catch (error) {
      const hasVanished = error instanceof DailiesError && error.code === 'job-unknown';
      if (!hasVanished) wrong.push(`${shot}@${take} could not be settled: ${describe(error)}`);
    }
  }

  /** A job of the same order that no attempt has, known or beside its clip. */
  async function jobOf({ request }: Attempt): Promise<string | undefined> {
    const beside = (await findSidecars(project().output)).map(({ attempt }) => attempt);
    const had = [...(await attempts()), ...beside];
    const known = new Set(had.map(({ state }) => ('job' in state ? state.job.id : '')));
    const isItsOwn = (body: (typeof gateway.jobs)[number]['body']) =>
      body['prompt'] === request.prompt && body['previous_job_id'] === request.previous_job_id;
    return gateway.jobs.find(({ id, body }) => !known.has(id) && isItsOwn(body))?.id;
  }

  /** The files of an attempt that is delivered; none of any other. */
  function clipsOf({ state }: Attempt): string[] {
    return state.kind === 'delivered' ? state.outputs.map(({ path }) => join(folderOf(life), path)) : [];
  }

  async function loseClip(which: number): Promise<void> {
    const delivered = (await attempts()).filter((attempt) => clipsOf(attempt).length > 0);
    const attempt = delivered[which % Math.max(1, delivered.length)];
    if (!attempt) return;
    for (const clip of clipsOf(attempt)) await rm(clip, { force: true });
    removedByHand.add(attempt.id);
  }

  /** Only where the files beside the clips say all that it knew. */
  async function loseLockfile(): Promise<void> {
    const vouched = new Set(
      (await findSidecars(project().output)).map(({ attempt: { state } }) => 'job' in state && state.job.id),
    );
    const isWhole = (attempt: Attempt) =>
      clipsOf(attempt).length > 0 &&
      clipsOf(attempt).every((file) => existsSync(file)) &&
      'job' in attempt.state &&
      vouched.has(attempt.state.job.id);
    if (!(await attempts()).every(isWhole)) return;
    await rm(project().lockfile, { force: true });
    await rm(join(folderOf(life), 'film.lock.journal'), { force: true });
  }

  return {
    wrong,
    async take(step) {
      switch (step.do) {
        case 'run':
          await run(step);
          break;
        case 'settle':
          await settle(step);
          break;
        case 'restore':
          gateway.restore();
          break;
        case 'lose a clip':
          await loseClip(step.which);
          break;
        case 'lose the lockfile':
          await loseLockfile();
          break;
        default:
          script = edited(script, step);
      }
    },

    async comeToAnEnd() {
      gateway.behave();
      for (let rounds = 6; ; rounds -= 1) {
        const summary = await run(UNDISTURBED);
        if (wrong.length > 0) return;
        if (summary?.exit_code === 0) break;
        if (rounds === 0) {
          wrong.push(`it comes to no end: ${JSON.stringify(summary)}`);
          return;
        }
        const uncertain = (await attempts()).filter(({ state }) => state.kind === 'uncertain');
        for (let left = uncertain.length; left > 0; left -= 1)
          await settle({ do: 'settle', which: 0, how: 'truth' });
      }
      const again = await run(UNDISTURBED);
      if (again?.counts.submitted !== 0) wrong.push('a run after the last one bought something');
      wrong.push(...(await missingClips(project(), ({ id }) => !removedByHand.has(id))));
    },

    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** An error that a run may end with by its own rules, such as a gateway that refuses the key. */
function isRefusal(error: unknown): boolean {
  return error instanceof DailiesError && error.code !== 'internal' && error.exitCode === 3;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
