import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { DarkroomAnswer, DarkroomTask } from './darkroom-task.js';

/** Where pictures are decoded and clips are made: beside the main thread, which has a server and a screen to serve. */
export interface Darkroom {
  /** Gives the file that a task made. Throws an Error in the task's own words. */
  run(task: DarkroomTask): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A darkroom of at most two workers, each started when there is work for it. */
export function openDarkroom(): Darkroom {
  const waiting: Errand[] = [];
  /** The task of each worker; undefined for an idle one. */
  const workers = new Map<Worker, Errand | undefined>();
  let isClosed = false;

  const next = (): void => {
    if (waiting.length === 0) return;
    const idle = [...workers].find(([, errand]) => errand === undefined)?.[0];
    const worker = idle ?? (workers.size < MOST_WORKERS ? start() : undefined);
    const errand = worker && waiting.shift();
    if (!errand) return;
    workers.set(worker, errand);
    worker.postMessage(errand.task);
  };
  const start = (): Worker => {
    // Without the options of this process: some of them (--input-type, a loader) mean nothing to a worker.
    const worker = new Worker(WORKER_FILE, { execArgv: [] });
    // It must not keep a program alive that has nothing else to do.
    worker.unref();
    worker.on('message', (answer: DarkroomAnswer) => {
      const errand = workers.get(worker);
      workers.set(worker, undefined);
      if ('error' in answer) errand?.reject(new Error(answer.error));
      else errand?.resolve(answer.file);
      next();
    });
    const lose = (reason: string): void => {
      const errand = workers.get(worker);
      workers.delete(worker);
      errand?.reject(new Error(reason));
      next();
    };
    worker.on('error', (error) => lose(error.message));
    worker.on('exit', () => lose(CLOSED));
    return worker;
  };

  return {
    async run(task) {
      if (isClosed) throw new Error(CLOSED);
      if (RUNS_FROM_SOURCE) return runHere(task);
      return new Promise((resolve, reject) => {
        const errand = { task, resolve, reject };
        // A clip is needed some time later; for everything else a client is waiting now.
        if (task.kind === 'clip') waiting.push(errand);
        else waiting.unshift(errand);
        next();
      });
    },
    async close() {
      isClosed = true;
      for (const errand of waiting.splice(0)) errand.reject(new Error(CLOSED));
      await Promise.all([...workers.keys()].map((worker) => worker.terminate()));
    },
  };
}

interface Errand {
  readonly task: DarkroomTask;
  readonly resolve: (file: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

const CLOSED = 'the sandbox was closed';

const WORKER_FILE = new URL('./darkroom-worker.js', import.meta.url);

/** One core stays with the run that the clips are made for. */
const MOST_WORKERS = Math.max(1, Math.min(2, availableParallelism() - 1));

/** Node 20 gives no worker a TypeScript file: the tests, which run from the source, do the work in place. */
const RUNS_FROM_SOURCE = fileURLToPath(import.meta.url).endsWith('.ts');

async function runHere(task: DarkroomTask): Promise<Uint8Array> {
  const { performTask } = await import('./darkroom-task.js');
  return performTask(task);
}
