import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { WorkerEvent } from '../../src/events.js';
import { exportProject } from '../../src/flow/batch/export.js';
import { importProject } from '../../src/flow/batch/import.js';
import { reconcileStore } from '../../src/flow/batch/reconcile.js';
import { startWorker, type Worker } from '../../src/flow/batch/work.js';
import { enqueueProject } from '../../src/flow/commands/enqueue.js';
import { pullClips } from '../../src/flow/commands/pull.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';
import { projectStatus } from '../../src/flow/commands/status.js';
import { planProject } from '../../src/flow/plan/plan.js';
import { gatewayTarget } from '../../src/flow/project/gateway-target.js';
import { projectPaths } from '../../src/flow/project/paths.js';
import { loadProject } from '../../src/flow/project/project.js';
import { openCallback } from '../../src/flow/work/callback.js';
import { sharedStores } from '../../src/flow/project/state-home.js';
import { openClipFolder } from '../../src/store/clip-folder.js';
import { receiptFiles } from '../../src/store/receipts.js';
import { SECRET } from './events.js';
import { makeProject } from './project.js';

const KEY = 'sk-test-0123456789';
const env = { TEST_KEY: KEY, PATH: process.env['PATH'], OPENROUTER_WEBHOOK_SECRET: SECRET };
const LEASE = { leaseMs: 2_000, beatMs: 200 };

/** Where machines meet: a database, a folder or a bucket of clips (workers want a folder), a gateway. */
export interface Meeting {
  readonly url: string;
  readonly shared: string;
  readonly baseUrl: string;
}

/** A machine with the manifest film.yaml; it works with the database, or (`alone`) with its lockfile. */
export async function machineOf({ url, shared, baseUrl }: Meeting, shots: string, top = '') {
  const project = await makeProject({ baseUrl, top }, shots);
  const { folder, manifest } = project;
  const load = () => loadProject({ manifest, env, store: url, clips: shared });
  /** As without a database; with the folder that all share, or without. */
  const loadAlone = (clips?: string) =>
    loadProject({ manifest, env, ...(clips === undefined ? {} : { clips }) });
  const renderSheet = () => '<p>sheet</p>';
  const { signal } = new AbortController();
  return {
    ...{ folder, manifest, load, loadAlone },
    write: (text: string) => project.write(text),
    read: (path: string) => project.read(path),
    run: async (options: RunOptions = {}) => runProject(await load(), options),
    runAlone: async (clips?: string, options: RunOptions = {}) => runProject(await loadAlone(clips), options),
    enqueue: async (options: Parameters<typeof enqueueProject>[1] = {}) =>
      enqueueProject(await load(), options),
    plan: async () => (await planProject(await load(), { offline: false })).shots.map(({ action }) => action),
    status: async (told: string[] = []) =>
      projectStatus(await load(), (found) => void told.push(...found.map(({ message }) => message))),
    pull: async (calling = signal) => pullClips(await load(), { renderSheet, signal: calling }),
    bringIn: async () => importProject(await load(), { local: await loadAlone(), signal }),
    takeOut: async () => exportProject(await load()),
  };
}

/** What `store reconcile` does. */
export function reconcile({ url, shared }: Meeting) {
  const paths = projectPaths({ manifest: 'store.yaml', clipsOption: shared, isSandbox: false });
  return reconcileStore(url, [sharedStores({ paths, clock: systemClock }).receipts]);
}

/** A worker of its own, until the test ends. */
export async function workerOf({ url, shared, baseUrl }: Meeting, key = KEY, callback?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-worker-'));
  const setting = { kind: 'custom', base_url: baseUrl, api_key_env: 'TEST_KEY' } as const;
  const events: WorkerEvent[] = [];
  const control = new AbortController();
  const started: Worker = await startWorker({
    ...{ store: url, env, clock: systemClock, places: 8, downloads: 4, lease: LEASE },
    clips: openClipFolder({ root: shared, clock: systemClock }),
    inputs: openClipFolder({ root: join(shared, 'inputs'), clock: systemClock }),
    receipts: receiptFiles(shared),
    paths: projectPaths({ manifest: join(folder, 'worker.yaml'), isSandbox: false }),
    targets: [gatewayTarget(setting, { TEST_KEY: key })],
    onEvent: (event) => events.push(event),
    signal: control.signal,
    callback: callback === undefined ? undefined : openCallback(callback, [baseUrl]),
  });
  const stop = async () => {
    control.abort();
    await started.ended;
    await rm(folder, { recursive: true, force: true });
  };
  onTestFinished(stop);
  const { ended } = started;
  const webhooks: Worker['webhooks'] = (of) => started.webhooks(of);
  return { folder, events, stop, ended, webhooks, health: () => started.health() };
}
