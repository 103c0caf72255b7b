import { resolve } from 'node:path';
import { Option } from 'commander';
import { defined } from '../../domain/defined.js';
import type { ModelListing } from '../../domain/catalogue.js';
import { act, addExamples, type Register } from '../command.js';
import { answer, lookOf, noteLines, printJson, printLines, shownPath, type CliContext } from '../context.js';
import {
  addFormatOption,
  addKeyOption,
  addQuietOption,
  parseFactor,
  parsePort,
  parseText,
} from '../options.js';
import { aborted, interruptible } from '../signals.js';

const WHICH_GATEWAY = 'openrouter (the default), modelgates, sandbox or a base URL';

interface ModelsFlags {
  readonly gateway?: string;
  readonly withKey?: boolean;
  readonly sort?: 'price' | 'name';
}

export const registerModels: Register = (program, context) => {
  const command = program
    .command('models [WORDS...]')
    .description('list what each model can do, and the price of a clip')
    .addOption(
      new Option(
        '--sort <ORDER>',
        "sorts by a clip's price or by name; default: the gateway's order",
      ).choices(['price', 'name']),
    )
    .option('--gateway <NAME|URL>', WHICH_GATEWAY);
  addFormatOption(addKeyOption(command));
  addExamples(command, [
    ['dailies models', 'the live catalogue'],
    ['dailies models google/veo-3.1-lite', 'everything about one model'],
    ['dailies models image 1080p --sort price', 'models that match all words, the cheapest first'],
  ]);
  act<ModelsFlags>(command, context, async ({ words, flags: { gateway, withKey, sort } }) => {
    const listed = await askForModels(context, { gateway, withKey, sort, words });
    const { modelLines, modelsTableLines } = await import('../../ui/models-table.js');
    answer(context, listed, () => {
      const look = lookOf(context, 'stdout');
      const [only, ...more] = listed.models;
      return only && more.length === 0 ? modelLines(only, look) : modelsTableLines(listed.models, look);
    });
    return 0;
  });
};

export const registerSchema: Register = (program, context) => {
  const command = program
    .command('schema')
    .description("print the manifest's JSON Schema, for editors")
    .option('--live', "adds the catalogue's models and values")
    .option('--gateway <NAME|URL>', 'the gateway whose catalogue is used; default: openrouter');
  addKeyOption(command);
  addExamples(command, [
    ['dailies schema > manifest.schema.json', ''],
    ['dailies schema --live > manifest.schema.json', 'includes what each model can do'],
  ]);
  type Flags = ModelsFlags & { readonly live?: boolean };
  act<Flags>(command, context, async ({ flags: { live, gateway, withKey } }) => {
    if (live === true) {
      const { liveSchema } = await import('../../manifest/schema/catalogue.js');
      const { models } = await askForModels(context, { gateway, withKey });
      printJson(context, liveSchema(models.map(({ model }) => model)));
    } else {
      const { manifestSchema } = await import('../../domain/manifest-schema.js');
      printJson(context, manifestSchema);
    }
    return 0;
  });
};

async function askForModels(
  context: CliContext,
  asked: { readonly [Flag in keyof ModelsFlags]: ModelsFlags[Flag] | undefined } & {
    readonly words?: readonly string[];
  },
): Promise<{ readonly models: readonly ModelListing[] }> {
  const { listModels } = await import('../../flow/commands/models.js');
  const { readKeyFile } = await import('../../store/key-file.js');
  return interruptible(async (signal) => {
    const keys = await readKeyFile('.');
    return listModels({ ...defined(asked), env: context.env, keys, signal });
  });
}

export const registerDoctor: Register = (program, context) => {
  const command = program
    .command('doctor')
    .description('say what is missing on this machine, and the fix')
    .option('--gateway <NAME|URL>', WHICH_GATEWAY)
    .option('--clips <DIR|s3://…>', 'the folder or bucket for clips', parseText);
  addFormatOption(command);
  addExamples(command, [
    ['dailies doctor', 'Node, key, gateway, clock, disk, ffmpeg, proxy'],
    ['dailies doctor --gateway modelgates', 'the same for another gateway'],
  ]);
  type Flags = { readonly gateway?: string; readonly clips?: string };
  act<Flags>(command, context, async ({ flags: { gateway, clips } }) => {
    const { examineSetup } = await import('../../flow/commands/doctor.js');
    const { readKeyFile } = await import('../../store/key-file.js');
    const { doctorLines } = await import('../../ui/doctor-lines.js');
    const checks = await interruptible(async (signal) => {
      const keys = await readKeyFile('.');
      const here = { folder: process.cwd(), nodeVersion: process.version, env: context.env, keys };
      return examineSetup({ ...defined({ gateway, clips }), ...here, signal });
    });
    answer(context, { checks }, () => doctorLines(checks, lookOf(context, 'stdout')));
    return checks.some(({ status }) => status === 'problem') ? 1 : 0;
  });
};

interface SandboxFlags {
  readonly port: number;
  readonly state: string;
  readonly speed: number;
  readonly quiet?: boolean;
}

export const registerSandbox: Register = (program, context) => {
  const state = 'the folder that keeps its jobs between starts';
  const command = program
    .command('sandbox')
    .description('serve a gateway on loopback that renders for free')
    .option('--port <N>', 'the port to listen on; 0 takes a free one', parsePort, 0)
    .option('--state <DIR>', state, parseText, '.dailies/sandbox')
    .option('--speed <N>', 'makes its jobs this many times faster', parseFactor, 1);
  addQuietOption(command);
  const run = 'DAILIES_API_KEY=any dailies run teaser.yaml --gateway http://127.0.0.1:8080/api/v1';
  addExamples(command, [
    ['dailies sandbox --port 8080', 'prints its base URL'],
    [run, 'renders on it; any key will do'],
  ]);
  act<SandboxFlags>(command, context, async ({ flags: { port, speed, quiet, ...flags } }) => {
    const [{ startSandbox }, { makeStateDir }, { sandboxSecret }] = await Promise.all([
      import('../../sandbox/server.js'),
      import('../../sandbox/job-store.js'),
      import('../../flow/project/webhook-secret.js'),
    ]);
    const stateDir = resolve(flags.state);
    await makeStateDir(stateDir);
    await interruptible(async (signal) => {
      const sandbox = await startSandbox({
        stateDir,
        port,
        speed,
        webhookSecret: sandboxSecret(context.env),
      });
      try {
        printLines(context, [sandbox.baseUrl]);
        if (quiet !== true)
          noteLines(context, [`jobs are kept in ${shownPath(stateDir)}; Ctrl-C stops the sandbox`]);
        await aborted(signal);
      } finally {
        await sandbox.close();
      }
    });
    // Ctrl-C is how it is meant to end.
    return 0;
  });
};
