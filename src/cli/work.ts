import { join, resolve } from 'node:path';
import { isoNow, systemClock } from '../clock.js';
import { safeJson, withoutCommands } from '../domain/foreign-text.js';
import { DailiesError, type ExitCode } from '../errors.js';
import type { WorkerEvent } from '../events.js';
import { startWorker, type Worker } from '../flow/batch/work.js';
import { gatewayTarget, parseGatewayOption, type GatewayTarget } from '../flow/project/gateway-target.js';
import { sandboxSecret, webhookSecret } from '../flow/project/webhook-secret.js';
import { openCallback } from '../flow/work/callback.js';
import type { Answer, WebhookOutcome } from '../flow/work/webhooks.js';
import { projectPaths } from '../flow/project/paths.js';
import { sharedStores } from '../flow/project/state-home.js';
import { createWorkerPort, type WorkerPort } from '../monitor/worker-port.js';
import { workerLine } from '../ui/worker-line.js';
import { lookOf, noteLines, type CliContext } from './context.js';
import { storeOf } from './flags.js';
import { refusalLog } from './refusal-log.js';
import { interruptible } from './signals.js';

export interface WorkerFlags {
  readonly store?: string;
  readonly clips?: string;
  readonly gateway?: readonly string[];
  readonly places?: number;
  readonly downloads?: number;
  readonly work?: string;
  readonly listen?: string;
  readonly callback?: string;
  readonly quiet?: boolean;
}

const USUAL_PLACES = 16;
const USUAL_DOWNLOADS = 4;

/** Runs a worker until a signal ends it, or until it can no longer work; gives 0 if it was told to stop. */
export async function work(context: CliContext, flags: WorkerFlags): Promise<ExitCode> {
  const store = storeOf(flags);
  if (flags.clips === undefined) {
    throw new DailiesError('usage', 'a worker must know where clips are kept', {
      hint: "name the folder or the bucket that all machines share: --clips 's3://bucket/prefix', or DAILIES_CLIPS",
    });
  }
  const targets = targetsOf(context, flags);
  const paths = projectPaths({
    manifest: join(resolve(flags.work ?? '.dailies-worker'), 'worker.yaml'),
    clipsOption: flags.clips,
    isSandbox: targets.some(({ kind }) => kind === 'sandbox'),
  });
  const callback =
    flags.callback === undefined
      ? undefined
      : openCallback(
          flags.callback,
          targets.map(({ baseUrl }) => baseUrl),
        );
  const secret = callback && flags.listen !== undefined ? secretOf(context, targets) : undefined;
  let worker: Worker | undefined;
  let webhooks: Answer | undefined;
  const port =
    flags.listen === undefined
      ? undefined
      : await openPort(flags.listen, { find: () => worker, webhooks: () => webhooks });
  const tell = teller(context, flags, port);
  const logRefusal = refusalLog(systemClock, (message) =>
    tell({ type: 'worker.trouble', at: isoNow(systemClock), message }),
  );
  const onOutcome = (outcome: WebhookOutcome) => {
    port?.webhook(outcome);
    logRefusal(outcome);
  };
  try {
    if (port) noteLines(context, [`listening on ${port.address}`]);
    const reason = await interruptible(async (signal) => {
      worker = await startWorker({
        ...{ store, paths, targets, signal, env: context.env, clock: systemClock, onEvent: tell },
        ...sharedStores({ paths, clock: systemClock }),
        places: flags.places ?? USUAL_PLACES,
        downloads: flags.downloads ?? USUAL_DOWNLOADS,
        callback,
      });
      if (secret !== undefined) webhooks = worker.webhooks({ secret, onOutcome });
      return worker.ended;
    });
    if (reason.kind === 'interrupted') return 0;
    throw new DailiesError(reason.kind === 'key' ? 'key-refused' : 'gateway-answer', reason.message, {
      hint: reason.hint,
    });
  } finally {
    await port?.close();
  }
}

/** The gateways of a worker, whose keys are in its environment. One without a key takes no orders, and says so once. */
function targetsOf(context: CliContext, { gateway }: WorkerFlags): readonly GatewayTarget[] {
  const named = gateway ?? ['openrouter', 'modelgates'];
  const all = named.map((word) =>
    gatewayTarget(parseGatewayOption(word, { kind: 'openrouter' }), context.env),
  );
  const able = all.filter(({ needsKey, apiKey }) => !needsKey || apiKey !== undefined);
  const unable = all.filter((target) => !able.includes(target));
  const wants = ({ name, keyVariable }: GatewayTarget) => `${name} (${keyVariable} is not set)`;
  if (gateway !== undefined && unable.length > 0)
    noteLines(context, [`no orders are taken for ${unable.map(wants).join(', ')}`]);
  if (able.length > 1 && able.some(({ kind }) => kind === 'sandbox')) {
    throw new DailiesError('usage', 'a worker for the sandbox cannot work for another gateway', {
      hint: 'start one worker for the sandbox, and another for the others',
    });
  }
  if (able.length > 0) return able;
  throw new DailiesError('key-missing', `there is no key for ${all.map(({ name }) => name).join(', ')}`, {
    hint: `export ${all.map(({ keyVariable }) => `${keyVariable}=…`).join(' or ')}, or name a gateway with --gateway`,
  });
}

/** The sandbox signs with a secret that everybody knows. */
function secretOf({ env }: CliContext, targets: readonly GatewayTarget[]): string {
  return targets.every(({ kind }) => kind === 'sandbox') ? sandboxSecret(env) : webhookSecret(env);
}

async function openPort(
  listen: string,
  {
    find,
    webhooks,
  }: { readonly find: () => Worker | undefined; readonly webhooks: () => Answer | undefined },
): Promise<WorkerPort> {
  return createWorkerPort({
    listen,
    webhooks,
    alive() {
      const health = find()?.health();
      if (!health) return { problem: 'starting', storeReachable: false, leaseAgeMs: 0, restarts: 0 };
      const { isHeld, isReachable, ageMs, restarts } = health;
      const problem = isHeld ? {} : { problem: 'the store could not be reached within the lease' };
      return { ...problem, storeReachable: isReachable, leaseAgeMs: ageMs, restarts };
    },
  });
}

/** One line for each event: words for people, JSON for machines. */
function teller(
  context: CliContext,
  { quiet }: WorkerFlags,
  port: WorkerPort | undefined,
): (event: WorkerEvent) => void {
  const look = lookOf(context, 'stdout');
  return (event) => {
    const project = 'project' in event && typeof event.project === 'string' ? event.project : undefined;
    if (!isOfWorker(event)) port?.handle(event, project);
    if (context.format === 'ndjson') {
      context.stdout.write(`${safeJson(event)}\n`);
      return;
    }
    const line = quiet === true ? undefined : workerLine(event, look);
    if (line !== undefined) context.stdout.write(withoutCommands(`${isoNow(systemClock)}  ${line}\n`));
  };
}

function isOfWorker(
  event: WorkerEvent,
): event is Extract<WorkerEvent, { readonly type: `worker.${string}` }> {
  return event.type.startsWith('worker.');
}
