import { act, addExamples, type Register } from '../command.js';
import type { EnqueueFlags } from '../enqueue-manifest.js';
import {
  addFormatOption,
  addKeyOption,
  addManifestOptions,
  addQuietOption,
  addScopeOptions,
  addSpendingOptions,
  addStoreOption,
  collectList,
  parseCount,
  parseText,
} from '../options.js';
import type { HookFlags } from '../hook.js';
import type { WorkerFlags } from '../work.js';

export const registerEnqueue: Register = (program, context) => {
  const command = program
    .command('enqueue <MANIFEST>')
    .description('plan, ask, and leave the work to workers');
  addSpendingOptions(addKeyOption(addScopeOptions(addStoreOption(addManifestOptions(command))))).option(
    '--yes',
    'spends without asking',
  );
  addQuietOption(addFormatOption(command));
  addExamples(command, [
    ['dailies enqueue teaser.yaml', 'with DAILIES_STORE and DAILIES_CLIPS; then you may close the laptop'],
    ['dailies enqueue teaser.yaml --yes --max-cost 5', 'in CI'],
  ]);
  act<EnqueueFlags>(command, context, async (invocation) => {
    const { enqueueManifest } = await import('../enqueue-manifest.js');
    return enqueueManifest(context, invocation);
  });
};

export const registerWorker: Register = (program, context) => {
  const command = program
    .command('worker')
    .description('work on enqueued takes until stopped')
    .option(
      '--gateway <NAME|URL...>',
      'gateways to work for, each with its key; default: openrouter and modelgates',
      collectList,
    )
    .option('--clips <DIR|s3://…>', 'the folder or bucket that all workers share', parseText)
    .option('--places <N>', 'orders in work at once; default: 16', parseCount)
    .option('--downloads <N>', 'clips downloaded at once; default: 4', parseCount)
    .option('--work <DIR>', 'a folder for frames and parts; default: .dailies-worker', parseText)
    .option('--callback <URL>', 'asks gateways to report the ends of jobs to this public address', parseText)
    .option('--listen <HOST:PORT>', 'serves /healthz and /metrics there, and hears webhooks', parseText);
  addStoreOption(command);
  addQuietOption(addFormatOption(command, ['text', 'ndjson']));
  addExamples(command, [
    ["dailies worker --store postgres://db/dailies --clips 's3://clips/team'", 'keys from the environment'],
    ['dailies worker --gateway openrouter --listen 127.0.0.1:9464 --format ndjson', 'as a service'],
  ]);
  act<WorkerFlags>(command, context, async ({ flags }) => {
    const { work } = await import('../work.js');
    return work(context, flags);
  });
};

export const registerHook: Register = (program, context) => {
  const command = program
    .command('hook')
    .description('hear webhooks for all workers of a store')
    .option('--listen <HOST:PORT>', 'hears webhooks there, and serves /healthz', parseText);
  addQuietOption(addStoreOption(command));
  addExamples(command, [
    ['dailies hook --listen 127.0.0.1:8787', 'with DAILIES_STORE and OPENROUTER_WEBHOOK_SECRET'],
  ]);
  act<HookFlags>(command, context, async ({ flags }) => {
    const { hook } = await import('../hook.js');
    return hook(context, flags);
  });
};
