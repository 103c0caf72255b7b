import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spentUsd } from '../../../src/cost/budget.js';
import type { Attempt } from '../../../src/domain/attempt.js';
import { DailiesError } from '../../../src/errors.js';
import type { RunSummary } from '../../../src/events.js';
import { loadProject } from '../../../src/flow/project.js';
import { resolveShots } from '../../../src/flow/resolve.js';
import { runProject } from '../../../src/flow/run.js';
import { readShotState } from '../../../src/store/shot-store.js';
import { makeClip } from '../../helpers/clips.js';
import { fastClock } from '../../helpers/clock.js';
import type { HeldJob } from '../../helpers/gateway-server.js';
import { inspect } from '../invariants.js';
import { copyAsKilled } from './freeze.js';
import { openGatewayOfFates, type GatewayOfFates } from './gateway-of-fates.js';
import { demandOf, edited, FIRST_SCRIPT, manifestOf, type Script } from './script.js';
import type { Edit, Run, Settle, Story } from './story.js';

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

/** Lives a story through, and looks around after each step; gives what it found to be wrong. */
export async function live(story: Story): Promise<readonly string[]> {
  const gateway = await openGatewayOfFates(story, await makeClip());
  const world = await createWorld(gateway);
  try {
    for (const step of story.steps) {
      if (step.do === 'run') await world.run(step);
      else if (step.do === 'settle') await world.settle(step);
      else if (step.do === 'restore') gateway.restore();
      else world.edit(step);
      if (world.wrong.length > 0) return world.wrong;
    }
    await world.comeToAnEnd();
    return world.wrong;
  } finally {
    await gateway.close();
    await world.remove();
  }
}

interface World {
  /** What was found to be wrong so far. */
  readonly wrong: readonly string[];
  edit(edit: Edit): void;
  run(run: Run): Promise<RunSummary | undefined>;
  settle(settle: Settle): Promise<void>;
  /** With a gateway that behaves, everything is delivered, and every clip that was paid for is there. */
  comeToAnEnd(): Promise<void>;
  remove(): Promise<void>;
}

async function createWorld(gateway: GatewayOfFates): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'dailies-model-'));
  const wrong: string[] = [];
  const wanted = new Map<string, number>();
  const rerendered = new Map<string, number>();
  let script: Script = FIRST_SCRIPT;
  let life = 1;

  const folderOf = (number: number) => join(root, `life-${number}`);
  const lockfile = () => join(folderOf(life), 'film.lock.json');
  const output = () => join(folderOf(life), 'renders', 'film');
  const attempts = async () => (await readShotState(lockfile())).attempts();
  const open = () =>
    loadProject({
      manifest: join(folderOf(life), 'film.yaml'),
      env: { TEST_KEY: gateway.keyOf(life) },
      clock: fastClock(SPEED),
    });

  const world: World = {
    wrong,
    edit(edit) {
      script = edited(script, edit);
    },

    async run(run) {
      await writeManifest();
      for (const [prompt, takes] of demandOf(script))
        wanted.set(prompt, Math.max(takes, wanted.get(prompt) ?? 0));
      const rerender = run.rerender === undefined ? undefined : script[run.rerender % script.length];
      if (rerender) rerendered.set(rerender.prompt, (rerendered.get(rerender.prompt) ?? 0) + rerender.takes);

      const stopping = new AbortController();
      const readers = createReaders(lockfile());
      let die: () => void = () => undefined;
      const death = new Promise<undefined>((resolve) => (die = () => resolve(undefined)));
      const strike = () => {
        if (run.end.how === 'interrupt') stopping.abort();
        if (run.end.how !== 'crash') return;
        gateway.forget(life);
        copyAsKilled(folderOf(life), folderOf(life + 1));
        stopping.abort();
        die();
      };
      const moments = createMoments(run, strike);
      gateway.prepare(run, () => moments.pass());
      const project = await open();
      const running = runProject(project, {
        onUncertain: run.resubmit ? 'resubmit' : 'hold',
        retryFailed: run.retryFailed,
        ...(rerender ? { rerender: [rerender.id] } : {}),
        signal: stopping.signal,
        onEvent() {
          moments.pass();
          readers.look();
        },
      });
      const ending = running.catch((error: unknown) => {
        if (!(error instanceof DailiesError) || error.code === 'internal' || error.exitCode === 2)
          if (!stopping.signal.aborted) wrong.push(`a run threw ${describe(error)}`);
        return undefined;
      });
      const summary = await Promise.race([ending, death]);
      moments.end();
      await ending;
      wrong.push(...(await readers.close()));
      if (moments.hasStruck && run.end.how === 'crash') {
        await rm(folderOf(life), { recursive: true, force: true });
        life += 1;
      }
      for (const { key, message = '' } of summary?.shots ?? [])
        if (/please report/.test(message)) wrong.push(`${key}: ${message}`);
      await lookAround();
      return moments.hasStruck && run.end.how === 'crash' ? undefined : summary;
    },

    async settle({ which, how }) {
      const uncertain = (await attempts()).filter(({ state }) => state.kind === 'uncertain');
      const attempt = uncertain[which % Math.max(1, uncertain.length)];
      if (!attempt) return;
      await writeManifest();
      gateway.prepare(UNDISTURBED, () => undefined);
      const job = how === 'truth' ? await jobOf(attempt) : undefined;
      const settlement = job
        ? ({ as: 'job', jobId: job.id } as const)
        : ({ as: how === 'abandon' ? 'abandoned' : 'not_charged' } as const);
      const { shot, take } = attempt.owner;
      try {
        await resolveShots(await open(), { shots: [`${shot}@${take}`], settlement });
      } catch (error) {
        const hasVanished = error instanceof DailiesError && error.code === 'job-unknown';
        if (!hasVanished)
          wrong.push(`${shot}@${take} could not be settled as ${settlement.as}: ${describe(error)}`);
      }
    },

    async comeToAnEnd() {
      gateway.behave();
      for (let round = 1; ; round += 1) {
        const summary = await world.run(UNDISTURBED);
        if (wrong.length > 0) return;
        if (summary?.exit_code === 0) break;
        if (round === 6) {
          wrong.push(`it comes to no end: ${JSON.stringify(summary)}`);
          return;
        }
        const uncertain = (await attempts()).filter(({ state }) => state.kind === 'uncertain').length;
        for (let left = uncertain; left > 0; left -= 1)
          await world.settle({ do: 'settle', which: 0, how: 'truth' });
      }
      const again = await world.run(UNDISTURBED);
      if (again?.counts.submitted !== 0) wrong.push('a run after the last one bought something');
      wrong.push(...(await paidAndNotThere()));
    },

    remove: () => rm(root, { recursive: true, force: true }),
  };
  await writeManifest();
  return world;

  async function writeManifest(): Promise<void> {
    await mkdir(folderOf(life), { recursive: true });
    await writeFile(join(folderOf(life), 'film.yaml'), manifestOf(script, gateway.baseUrl));
  }

  /** A job of the same order that no attempt has. */
  async function jobOf({ request }: Attempt): Promise<HeldJob | undefined> {
    const known = idsOf(await attempts());
    return gateway.jobs.find(
      ({ id, body }) =>
        !known.has(id) &&
        body['prompt'] === request.prompt &&
        body['previous_job_id'] === request.previous_job_id,
    );
  }

  async function lookAround(): Promise<void> {
    const film = { lockfile: lockfile(), output: output(), server: gateway, clipOf: gateway.clipOf };
    const freed = (await attempts().catch(() => [])).filter(({ state }) =>
      ['not_charged', 'abandoned'].includes(state.kind),
    );
    const found = await inspect(film, (prompt) => {
      const ended = gateway.jobs.filter(
        (job) => job.body['prompt'] === prompt && gateway.hasFailed(job),
      ).length;
      const released = freed.filter(({ request }) => request.prompt === prompt).length;
      return (wanted.get(prompt) ?? 0) + ended + released + (rerendered.get(prompt) ?? 0);
    });
    for (const [kind, whats] of Object.entries(found)) {
      for (const what of whats as readonly string[]) wrong.push(`${kind}: ${what}`);
    }
    if (found.torn.length === 0) wrong.push(...spentTooLittle(await attempts()));
  }

  function spentTooLittle(all: readonly Attempt[]): string[] {
    const spent = spentUsd(all);
    let charged = 0;
    for (const { state } of all) {
      if (!('job' in state) || state.kind === 'abandoned') continue;
      charged += gateway.chargeOf(state.job.id, 'cost_usd' in state);
    }
    return spent + 1e-9 < charged ? [`counts $${spent} as spent, and was charged $${charged}`] : [];
  }

  /** Clips that were paid for, are known, and lie nowhere. */
  async function paidAndNotThere(): Promise<string[]> {
    const names = (await readdir(output(), { recursive: true })).filter((name) => name.endsWith('.mp4'));
    const there = new Set<string>();
    for (const name of names) there.add(sha256(await readFile(join(output(), name))));
    return (await attempts()).flatMap(({ owner, state }) => {
      const job = 'job' in state ? gateway.jobs.find(({ id }) => id === state.job?.id) : undefined;
      if (
        !job ||
        state.kind === 'abandoned' ||
        gateway.hasFailed(job) ||
        there.has(sha256(gateway.clipOf(job)))
      )
        return [];
      return [`the clip of ${job.id}, bought for ${owner.shot}@${owner.take} and ${state.kind}, is nowhere`];
    });
  }
}

/** Counts what happens, and strikes when it is time. */
function createMoments({ end }: Run, strike: () => void) {
  let left = end.how === 'itself' ? Infinity : end.moment;
  let turns = end.how === 'itself' ? 0 : end.turns;
  const moments = {
    hasStruck: false,
    pass() {
      left -= 1;
      if (left === 0) setImmediate(turn);
    },
    end() {
      left = Infinity;
      turns = Infinity;
    },
  };
  const turn = () => {
    if (turns === Infinity) return;
    if (turns-- > 0) setImmediate(turn);
    else {
      moments.hasStruck = true;
      strike();
    }
  };
  return moments;
}

/** Reads the state while a run is at work: it has to be whole at every moment. */
function createReaders(lockfile: string) {
  const wrong: string[] = [];
  let reading: Promise<unknown> | undefined;
  return {
    look() {
      reading ??= readShotState(lockfile)
        .catch((error: unknown) => wrong.push(`while a run was on: ${describe(error)}`))
        .finally(() => (reading = undefined));
    },
    async close() {
      await reading;
      return wrong;
    },
  };
}

function idsOf(attempts: readonly Attempt[]): Set<string> {
  return new Set(attempts.flatMap(({ state }) => ('job' in state ? [state.job.id] : [])));
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
