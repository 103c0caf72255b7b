import { setFlagsFromString } from 'node:v8';
import { defined } from '../domain/defined.js';
import { maskPasswords, maskSignatures } from '../domain/unsigned-url.js';
import { DailiesError } from '../errors.js';
import type { Project, ProjectOptions } from '../flow/project/project.js';
import type { Scope } from '../flow/plan/survey.js';
import { upToCents } from '../domain/money.js';
import { commandLine, fileWord, type NextCommands } from '../ui/shell.js';
import type { Invocation } from './command.js';
import type { CliContext } from './context.js';

/** The options that say which manifest is meant, and how it is read. */
export interface ManifestFlags {
  readonly gateway?: string;
  readonly output?: string;
  readonly clips?: string;
  readonly store?: string;
  readonly var?: Readonly<Record<string, string>>;
  readonly allowLargeMatrix?: boolean;
  readonly withKey?: boolean;
}

/** The options that say which takes are meant; false with `--no-retry-failed` and `--no-preflight`. */
type ScopeFlags = Scope & { readonly preflight: boolean };

/** What a plan is told. */
export interface PlanFlags extends ManifestFlags, ScopeFlags {
  readonly offline?: boolean;
  readonly all?: boolean;
  readonly quiet?: boolean;
}

/** What a run is told. */
export interface RunFlags extends ManifestFlags, ScopeFlags {
  readonly dryRun?: boolean;
  readonly concurrency?: number;
  readonly maxCost?: number;
  readonly locked?: boolean;
  readonly allowUnpriced?: boolean;
  readonly ifPlan?: string;
  readonly yes?: boolean;
  readonly junit?: string;
  readonly callback?: string;
  readonly listen?: string;
  readonly quiet?: boolean;
}

/** Reads the manifest that a command names first, by its flags. See `loadProject` for what it throws. */
export async function openProject(
  context: CliContext,
  invocation: Invocation<ManifestFlags & { readonly concurrency?: number }>,
  reading: { readonly soundPart?: boolean } = {},
): Promise<Project> {
  const { loadProject } = await import('../flow/project/project.js');
  limitHeap();
  return loadProject(projectOptions(context, invocation), reading);
}

/**
 * V8 lets the heap grow fourfold before it collects, if the machine has the memory: a hundred thousand shots took 1.4 GB
 * that way. Twofold they take 0.9 GB, and no longer (docs/performance.md). Called once the command is loaded: after a change of
 * its flags, V8 compiles Node's own modules anew.
 */
function limitHeap(): void {
  setFlagsFromString('--heap-growing-percent=100');
}

/** How the manifest that a command names first is read, by its flags. */
export function projectOptions(
  context: CliContext,
  { words: [manifest = ''], flags }: Invocation<ManifestFlags & { readonly concurrency?: number }>,
): ProjectOptions {
  const { gateway, output, clips, store, var: vars, allowLargeMatrix, concurrency } = flags;
  const options = {
    manifest,
    env: context.env,
    gateway,
    output,
    clips,
    store,
    vars,
    allowLargeMatrix,
    concurrency,
  };
  return defined(options);
}

/** The address of the database that machines share. Throws `usage` if nothing gives it. */
export function storeOf({ store }: { readonly store?: string }): string {
  if (store !== undefined) return store;
  throw new DailiesError('usage', 'no database is named', {
    hint: 'give --store postgres://user@host:5432/database, or set DAILIES_STORE to keep the address out of the process list',
  });
}

/** What the flags of a command say about the takes that are meant. */
export function scopeOf(flags: ScopeFlags): ScopeFlags {
  const { only, until, rerender, retryFailed, preflight, verify, approve, onUncertain } = flags;
  return defined({ only, until, rerender, retryFailed, preflight, verify, approve, onUncertain });
}

/**
 * Commands about the same project: with the options that make it the same, and for a run with those that keep it from
 * buying more. Options that buy again, such as `--rerender`, must be typed again; the next run names only those takes
 * that are still to be bought, and a ceiling that lets them be.
 */
export function nextCommands({
  words: [manifest = ''],
  flags,
}: Invocation<Partial<RunFlags>>): NextCommands & { readonly status: string } {
  const { withKey, ...rest } = flags;
  const project = projectWords(manifest, rest);
  const asking = [...project, ...optionWords({ '--with-key': withKey })];
  const run = (maxCost: number | undefined, rerender?: readonly string[]) => {
    const care = optionWords({
      '--only': flags.only?.join(','),
      '--until': flags.until,
      '--rerender': rerender?.join(','),
      '--no-retry-failed': flags.retryFailed === false,
      '--on-uncertain': flags.onUncertain === 'hold' ? 'hold' : undefined,
      '--approve': flags.approve,
      '--max-cost': maxCost,
      '--allow-unpriced': flags.allowUnpriced,
      '--locked': flags.locked,
      '--callback': flags.callback,
      '--listen': flags.listen,
    });
    return commandLine('dailies', 'run', ...asking, ...care);
  };
  return {
    run: run(flags.maxCost),
    again({ stopped, left_usd: leftUsd = 0, left_to_rerender: rerender }) {
      const isShort = stopped?.kind === 'budget' && flags.maxCost !== undefined && leftUsd > flags.maxCost;
      return run(isShort ? upToCents(leftUsd) : flags.maxCost, rerender);
    },
    resolve: commandLine('dailies', 'resolve', ...asking),
    plan: commandLine('dailies', 'plan', ...asking),
    pick: commandLine('dailies', 'pick', ...project, ...optionWords({ '--approve': flags.approve })),
    pull: commandLine('dailies', 'pull', ...project),
    status: commandLine('dailies', 'status', ...project),
  };
}

/** The same command about the project's rehearsal. */
export function rehearsalCommand(
  command: 'status' | 'sheet',
  { words: [manifest = ''], flags }: Invocation<ManifestFlags>,
): string {
  return commandLine('dailies', command, ...projectWords(manifest, { ...flags, gateway: 'sandbox' }));
}

/** The manifest, and the options that make the project the same. */
function projectWords(manifest: string, flags: Omit<ManifestFlags, 'withKey'>): string[] {
  return [
    fileWord(manifest),
    ...optionWords({ '--gateway': flags.gateway, '--output': flags.output, '--clips': flags.clips }),
    ...optionWords({ '--store': flags.store && maskPasswords(flags.store) }),
    ...Object.entries(flags.var ?? {}).flatMap(([name, value]) =>
      optionWords({ '--var': `${name}=${maskSignatures(value)}` }),
    ),
    ...optionWords({ '--allow-large-matrix': flags.allowLargeMatrix }),
  ];
}

function optionWords(options: Readonly<Record<string, string | number | boolean | undefined>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [name] : [name, String(value)];
  });
}
