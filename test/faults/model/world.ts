import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename as renameFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputsOf, type Attempt } from '../../../src/domain/attempt.js';
import { DailiesError } from '../../../src/errors.js';
import type { RunSummary } from '../../../src/events.js';
import { loadProject, type Project } from '../../../src/flow/project/project.js';
import { stateHome } from '../../../src/flow/project/state-home.js';
import { runProject } from '../../../src/flow/commands/run.js';
import { readShotState } from '../../helpers/state.js';
import { makeClip } from '../../helpers/clips.js';
import { fastClock } from '../../helpers/clock.js';
import { createAccidents } from './accidents.js';
import { audit, missingClips, type Audited } from './audit.js';
import { copyAsKilled } from './freeze.js';
import { openGatewayOfFates, type GatewayOfFates } from './gateway-of-fates.js';
import { createHands, describe, isInTheWay } from './hands.js';
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
  const accidents = createAccidents();
  let script: Script = FIRST_SCRIPT;
  /** With each crash a new life begins, in a folder of its own. */
  let life = 1;
  /** The manifest's file name without its extension. */
  let name = 'film';
  let isToBeRenamed = false;

  const folderOf = (number: number) => join(root, `life-${number}`);
  const manifestPath = () => join(folderOf(life), `${name}.yaml`);
  const lockfilePath = () => join(folderOf(life), `${name}.lock.json`);
  const project = (): Audited => ({
    lockfile: lockfilePath(),
    output: join(folderOf(life), 'renders'),
    store: join(folderOf(life), '.dailies', 'clips'),
    clipOf: gateway.clipOf,
    server: gateway,
  });
  /** Whatever the manifest was called before: all that lies in the folder is of one project. */
  const home = () => ({ manifest: `${name}.yaml`, hasBought: () => true });
  const attempts = async () => (await readShotState(lockfilePath(), home())).attempts();
  const lookAround = () => audit(project(), { demand, spoilt: accidents.spoilt, home: home() });

  async function load(): Promise<Project> {
    await mkdir(folderOf(life), { recursive: true });
    await writeFile(manifestPath(), manifestOf(script, { baseUrl: gateway.baseUrl, settings }));
    return loadProject({
      manifest: manifestPath(),
      env: { TEST_KEY: gateway.keyOf(life) },
      clock: fastClock(SPEED),
    });
  }

  async function run(step: Run): Promise<RunSummary | undefined> {
    const nameBefore = isToBeRenamed ? await rename() : name;
    const rerender = step.rerender === undefined ? undefined : script[step.rerender % script.length];
    for (const [prompt, takes] of demandOf(script))
      demand.wanted.set(prompt, Math.max(takes, demand.wanted.get(prompt) ?? 0));
    if (rerender) {
      const before = demand.rerendered.get(rerender.prompt) ?? 0;
      demand.rerendered.set(rerender.prompt, before + rerender.takes);
    }
    const stopping = new AbortController();
    const reader = openReader(() => readShotState(lockfilePath(), home()));
    const moments = countMoments(step.end, () => {
      if (step.end.how === 'crash') {
        gateway.forget(life);
        copyAsKilled(folderOf(life), { target: folderOf(life + 1), lockfile: `${name}.lock.json` });
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
        // What a dead run goes on to write has never been.
        if (!moments.hasStruck) accidents.copyNowAndThen(lockfilePath());
      },
    }).catch(async (error: unknown) => {
      if (isInTheWay(error) && accidents.haveHappened) await accidents.clearTheWay(project());
      else if (!stopping.signal.aborted && !isRefusal(error)) wrong.push(`a run threw ${describe(error)}`);
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
    // A run that died before it had taken the state over has left it under the old name, for the manifest of that name.
    if (name !== nameBefore && !existsSync(lockfilePath())) await rename(nameBefore);
    accidents.copy(lockfilePath());
    wrong.push(...(await lookAround()));
    return hasDied ? undefined : summary;
  }

  /** A renamed manifest is known by what it has bought: where that is nothing, it is another project. Gives the old name. */
  async function rename(to = NAMES[(NAMES.indexOf(name) + 1) % NAMES.length] ?? ''): Promise<string> {
    const before = name;
    const { hasBought } = stateHome(await load());
    isToBeRenamed = false;
    if (!hasBought(await attempts())) return name;
    await renameFile(manifestPath(), join(folderOf(life), `${to}.yaml`));
    name = to;
    return before;
  }

  const hands = createHands({ gateway, load, attempts, onPruned: (sha256) => accidents.remove(sha256) });
  async function settle(step: Settle): Promise<void> {
    gateway.prepare(UNDISTURBED, () => undefined);
    wrong.push(...(await hands.settle(step)));
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
        case 'prune':
          wrong.push(...(await hands.prune(accidents.haveHappened)), ...(await lookAround()));
          break;
        case 'rename the manifest':
          isToBeRenamed = true;
          break;
        case 'lose':
        case 'roll back':
        case 'spoil':
          await accidents.befall(step, project(), await attempts());
          wrong.push(...(await lookAround()));
          break;
        default:
          script = edited(script, step);
      }
    },

    async comeToAnEnd() {
      gateway.behave();
      for (let rounds = 6; ; rounds -= 1) {
        if (accidents.haveHappened) await accidents.clearTheWay(project());
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
      if (again?.shots.some(({ action }) => action !== 'reuse'))
        wrong.push(`a clip that is asked for is not in its place: ${JSON.stringify(again.shots)}`);
      const isMissed = (attempt: Attempt) =>
        !(attempt.state.kind === 'delivered' && attempt.state.pruned) &&
        outputsOf(attempt).every(({ sha256 }) => !accidents.gone.has(sha256));
      wrong.push(...(await missingClips(project(), (await attempts()).filter(isMissed))));
    },

    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** What a manifest may be called. */
const NAMES = ['film', 'cut', 'final'];

/** An error that a run may end with by its own rules, such as a gateway that refuses the key. */
function isRefusal(error: unknown): boolean {
  return error instanceof DailiesError && error.code !== 'internal' && error.exitCode === 3;
}
