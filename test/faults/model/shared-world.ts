import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputsOf, type Attempt } from '../../../src/domain/attempt.js';
import { DailiesError } from '../../../src/errors.js';
import { findState } from '../../../src/flow/batch/state.js';
import { startWorker, type Worker } from '../../../src/flow/batch/work.js';
import { enqueueProject } from '../../../src/flow/commands/enqueue.js';
import { gatewayTarget } from '../../../src/flow/project/gateway-target.js';
import { projectPaths } from '../../../src/flow/project/paths.js';
import { loadProject } from '../../../src/flow/project/project.js';
import { openClipFolder } from '../../../src/store/clip-folder.js';
import { receiptFiles } from '../../../src/store/receipts.js';
import { makeClip } from '../../helpers/clips.js';
import { fastClock } from '../../helpers/clock.js';
import type { TestDatabase } from '../../helpers/postgres.js';
import { purchasesIn } from '../invariants.js';
import { mayBeBought, missingClips, spentTooLittle } from './audit.js';
import { openGatewayOfFates } from './gateway-of-fates.js';
import { createHands, describe } from './hands.js';
import { demandOf, edited, FIRST_SCRIPT, manifestOf, type Script } from './script.js';
import type { Run, Story } from './story.js';

/** Makes minutes of patience pass in seconds; the database's own time does not run faster. */
const SPEED = 100;
const WORKERS = 2;
const LEASE = { leaseMs: 1_000, beatMs: 150 };
/** How long a story waits for workers to come to an end with what they have. */
const PATIENCE_MS = 20_000;

/**
 * Lives a story through on a store that several workers share: each run is an enqueue, and how it ends is what becomes of a worker. Gives
 * what it found to be wrong. Accidents of files have no meaning here, and are left out.
 */
export async function liveTogether(story: Story, database: TestDatabase): Promise<readonly string[]> {
  const gateway = await openGatewayOfFates(story, await makeClip());
  const root = await mkdtemp(join(tmpdir(), 'dailies-together-'));
  const shared = join(root, 'shared');
  const manifest = join(root, 'film.yaml');
  const key = gateway.keyOf(1);
  const demand = { wanted: new Map<string, number>(), rerendered: new Map<string, number>() };
  const wrong: string[] = [];
  const workers: { readonly worker: Worker; readonly stop: () => Promise<void> }[] = [];
  let script: Script = FIRST_SCRIPT;
  let isOver = false;

  const load = async () => {
    await writeFile(manifest, manifestOf(script, { baseUrl: gateway.baseUrl, settings: story.settings }));
    const clock = fastClock(SPEED);
    return loadProject({ manifest, env: { TEST_KEY: key }, clock, store: database.url, clips: shared });
  };
  const attempts = async (): Promise<readonly Attempt[]> => (await findState(await load())).state.attempts();
  const hands = createHands({ gateway, load, attempts, onPruned: () => undefined });

  async function bear(place: number): Promise<void> {
    const control = new AbortController();
    const setting = { kind: 'custom', base_url: gateway.baseUrl, api_key_env: 'TEST_KEY' } as const;
    const worker = await startWorker({
      ...{ store: database.url, env: {}, clock: fastClock(SPEED), places: 6, downloads: 2, lease: LEASE },
      clips: openClipFolder({ root: shared, clock: fastClock(SPEED) }),
      inputs: openClipFolder({ root: join(shared, 'inputs'), clock: fastClock(SPEED) }),
      receipts: receiptFiles(shared),
      paths: projectPaths({ manifest: join(root, `worker-${place}`, 'worker.yaml'), isSandbox: false }),
      targets: [gatewayTarget(setting, { TEST_KEY: key })],
      signal: control.signal,
      onEvent(event) {
        if ('message' in event && event.message.includes('please report')) wrong.push(event.message);
      },
    });
    const stop = async () => {
      control.abort();
      await worker.ended;
    };
    workers[place] = { worker, stop };
    // Where the key is refused or the gateway's answers make no sense it ends by itself, and is started again.
    void worker.ended.then(
      (reason) => (reason.kind === 'interrupted' || isOver ? undefined : bear(place).catch(() => undefined)),
      (error: unknown) => wrong.push(`a worker threw ${describe(error)}`),
    );
  }
  /** What waits for a while, or for a person, waits no longer. */
  async function passTime(): Promise<void> {
    await database.query(`update dailies."order" set not_before = null where not_before is not null`);
    await database.query(`update dailies."order" set has_place = false where place_until is not null`);
    await database.query(
      `update dailies.account set pace = pace || '{"pausedUntilMs": 0, "gapMs": 0}', pace_version = pace_version + 1`,
    );
    await database.query(`update dailies.account set stopped = null where stopped <> 'went-back'`);
  }
  /** Gives what there is to buy; undefined where the enqueue was refused. */
  async function enqueue({ rerender: which, resubmit, retryFailed }: Run): Promise<number | undefined> {
    const rerender = which === undefined ? undefined : script[which % script.length];
    for (const [prompt, takes] of demandOf(script))
      demand.wanted.set(prompt, Math.max(takes, demand.wanted.get(prompt) ?? 0));
    if (rerender) {
      const before = demand.rerendered.get(rerender.prompt) ?? 0;
      demand.rerendered.set(rerender.prompt, before + rerender.takes);
    }
    const onUncertain = resubmit ? 'resubmit' : 'hold';
    try {
      const { buying, waiting } = await enqueueProject(await load(), {
        ...{ onUncertain, retryFailed, preflight: false },
        ...(rerender ? { rerender: [rerender.id] } : {}),
      });
      return buying + waiting;
    } catch (error) {
      const isRefusal = error instanceof DailiesError && error.code !== 'internal' && error.exitCode === 3;
      if (!isRefusal) wrong.push(`an enqueue threw ${describe(error)}`);
      return undefined;
    }
  }
  async function lookAround(): Promise<void> {
    const known = await attempts();
    const wanted = (prompt: string) => mayBeBought(prompt, { server: gateway, demand, attempts: known });
    const { paidTwice } = purchasesIn({ server: gateway }, known, { wanted });
    wrong.push(...paidTwice.map((what) => `paidTwice: ${what}`));
  }
  /** Whether nobody has anything to do. */
  async function isQuiet(): Promise<boolean> {
    const [row] = await database.query(
      `select (select count(*) from dailies."order" o join dailies.batch b on b.id = o.batch
          where o.state = 'taken' or (o.state = 'ready' and b.stopped is null))::int
        + (select count(*) from dailies.batch b join dailies.project p on p.id = b.project
          where b.changes > b.planned and b.revision = p.revision)::int as busy`,
    );
    return row?.['busy'] === 0;
  }
  async function untilQuiet(): Promise<void> {
    const sinceMs = performance.now();
    while (!(await isQuiet()) && performance.now() - sinceMs < PATIENCE_MS) {
      await passTime();
      await sleep(100);
    }
    if (await isQuiet()) return;
    const orders = await database.query(
      `select o.batch, o.key, o.state, o.worker, o.has_place, o.note, a.id, a.state as came_to, a.worker as owner, a.job_id
        from dailies."order" o left join dailies.attempt a on a.id = o.attempt where o.state in ('ready', 'taken') order by o.id`,
    );
    const batches = await database.query(
      'select id, revision, stopped, waiting, changes, planned from dailies.batch',
    );
    wrong.push(`the workers come to no end: ${JSON.stringify({ orders, batches })}`);
  }

  try {
    for (let place = 0; place < WORKERS; place++) await bear(place);
    for (const step of story.steps) {
      if (wrong.length > 0) return wrong;
      if (step.do === 'run') {
        gateway.prepare(step, () => undefined);
        await enqueue(step);
        await sleep(150);
        const [first] = workers;
        // A crash is a worker that is taken for dead, and does not know.
        if (step.end.how === 'crash')
          await database.query(`update dailies.worker set lease_until = '-infinity'`);
        if (step.end.how === 'interrupt' && first) {
          await first.stop();
          await bear(0);
        }
        await passTime();
        await lookAround();
      } else if (step.do === 'settle') wrong.push(...(await hands.settle(step)));
      else if (step.do === 'restore') gateway.restore();
      else if ('to' in step) script = edited(script, step);
    }
    const calm: Run = {
      ...{ do: 'run', submits: [], polls: [], contents: [], end: { how: 'itself' } },
      ...{ resubmit: false, rerender: undefined, retryFailed: true },
    };
    gateway.behave();
    gateway.prepare(calm, () => undefined);
    let left: number | undefined;
    // A job that was bought before may fail now, and what is made from a clip comes after it.
    for (let rounds = 6; rounds > 0 && left !== 0 && wrong.length === 0; rounds--) {
      await passTime();
      left = await enqueue(calm);
      await untilQuiet();
      const uncertain = (await attempts()).filter(({ state }) => state.kind === 'uncertain');
      for (let left = uncertain.length; left > 0; left--)
        wrong.push(...(await hands.settle({ do: 'settle', which: 0, how: 'truth' })));
      await untilQuiet();
      if (uncertain.length > 0) left = undefined;
    }
    await lookAround();
    const all = await attempts();
    wrong.push(...purchasesIn({ server: gateway }, all, { wanted: () => Infinity }).idsLost);
    wrong.push(...spentTooLittle({ server: gateway }, all));
    const store = join(shared, 'clips');
    wrong.push(
      ...(await missingClips(
        { store, server: gateway },
        all.filter((one) => outputsOf(one).length > 0),
      )),
    );
    if (left !== 0) wrong.push(`there is something left to buy: ${left}`);
    return wrong;
  } finally {
    isOver = true;
    for (const { stop } of workers) await stop().catch(() => undefined);
    await gateway.close();
    await rm(root, { recursive: true, force: true });
  }
}
