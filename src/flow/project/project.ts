import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { systemClock, type Clock } from '../../clock.js';
import type { MediaFacts } from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import type { LocateField, Manifest } from '../../domain/manifest.js';
import type { PlanProduct } from '../../domain/plan.js';
import { isTableFault, type TableSources } from '../../domain/table-source.js';
import { ManifestError } from '../../errors.js';
import { openManifest, type ManifestReading, type ParsedManifest } from '../../manifest/parse.js';
import { inspectLocalInput } from '../../media/local-input.js';
import { realPath } from '../../regular-file.js';
import { readKeyFile, type KeyFile } from '../../store/key-file.js';
import { VERSION } from '../../version.js';
import { refuseLinks } from '../../store/own-folder.js';
import { readManifest } from '../../store/read-manifest.js';
import { readTableFile } from '../../store/read-table.js';
import { checkProjectOptions } from './check-options.js';
import { gatewayTarget, parseGatewayOption, type GatewayTarget } from './gateway-target.js';
import { inputUses, oncePerPlace } from './input-uses.js';
import { isInside, projectPaths, type ProjectPaths } from './paths.js';

/** What the user may set outside the manifest; each option wins over the manifest. */
export interface ProjectOptions {
  /** Path of the manifest. */
  readonly manifest: string;
  /** A preset's name or a base URL. */
  readonly gateway?: string;
  /** The output folder, relative to the working folder. */
  readonly output?: string;
  /** The folder for clips and receipts, relative to the working folder; `DAILIES_CLIPS` for the command. */
  readonly clips?: string;
  /** The database that several machines share (`postgres://…`), in place of a lockfile; `DAILIES_STORE` for the command. */
  readonly store?: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly allowLargeMatrix?: boolean;
  /** How many jobs may be in flight. */
  readonly concurrency?: number;
  /**
   * The variables with keys and proxies; by default the process's own environment. A key that it lacks is taken from
   * `.env` beside the manifest, under the same name.
   */
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
}

/** What is known of a local input. */
export interface LocalInput {
  readonly sha256: string;
  readonly bytes: number;
  readonly mime: string;
  /** Of a readable video: prices may depend on its length and size. */
  readonly facts?: MediaFacts;
}

/** The options that the user gave for a manifest. */
export type Said = Pick<ProjectOptions, 'vars' | 'allowLargeMatrix' | 'gateway' | 'concurrency'>;

/** A manifest that was read, checked and expanded, with its local inputs and its places. */
export interface Project {
  readonly manifest: Manifest;
  /** The manifest's name for messages, and its text, for diagnostics. */
  readonly source: { readonly file: string; readonly text: string };
  /** The texts of the tables that it names, by their names. */
  readonly tables: ReadonlyMap<string, string>;
  readonly locate: LocateField;
  readonly paths: ProjectPaths;
  readonly target: GatewayTarget;
  /** The address of the database with its state; absent if a lockfile has the state. */
  readonly database?: string;
  /** The options from outside the manifest. */
  readonly said: Said;
  /** By the path the manifest gives. */
  readonly inputs: ReadonlyMap<string, LocalInput>;
  /** The shots that a matrix or takes multiply. */
  readonly products: readonly PlanProduct[];
  /** Warnings and errors so far; more may come from the catalogue. */
  readonly diagnostics: readonly Diagnostic[];
  readonly env: NodeJS.ProcessEnv;
  /** Keys that the environment lacks, from `.env` beside the manifest. */
  readonly keys: KeyFile;
  readonly clock: Clock;
  /** Identifies this reading of the manifest: a hash of its text and of the options. */
  readonly stamp: string;
}

/** How a manifest is read. */
export interface ProjectReading {
  /** If some shots have errors, which are in the diagnostics, continue with the others: to find more errors, not to run. */
  readonly soundPart?: boolean;
  /** An edited text in place of the file's own: to check and to price the edit, not to run. */
  readonly draft?: Uint8Array;
}

/**
 * Reads a manifest and its local inputs. Touches nothing outside the manifest's folder, sends nothing. Throws ManifestError if the
 * manifest cannot be expanded. Problems with inputs are in `diagnostics`, so that they can be shown together with those of the
 * catalogue. Throws `manifest-invalid` if the file cannot be read, `usage` for impossible options, such as an invalid gateway.
 */
export async function loadProject(
  options: ProjectOptions,
  { soundPart = false, draft }: ProjectReading = {},
): Promise<Project> {
  checkProjectOptions(options);
  const { env = process.env } = options;
  const keys = await readKeyFile(dirname(options.manifest));
  const { parsed, text, tables } = await readParsed(options.manifest, options, draft);
  const source = { file: options.manifest, text: parsed.text };
  const sound = parsed.manifest ?? (soundPart ? parsed.soundPart : undefined);
  if (!sound) throw new ManifestError(parsed.diagnostics, source);
  const manifest = withConcurrency(sound, options.concurrency);
  // A gateway from `--gateway` is the user's choice; any other is the manifest's, which may be somebody else's.
  const place =
    options.gateway === undefined ? `${options.manifest}:${parsed.gatewayAt?.line ?? 1}` : undefined;
  const target = gatewayTarget(manifest.gateway, env, { keys, place });
  const places = projectPaths({
    manifest: options.manifest,
    outputSetting: manifest.output.dir,
    outputOption: options.output,
    clipsSetting: manifest.clips,
    clipsOption: options.clips,
    isSandbox: target.kind === 'sandbox',
  });
  // If a link makes one lockfile out of two, their lock and journal are one too.
  const paths = { ...places, lockfile: realPath(places.lockfile) };
  // A place that the manifest names is in its folder, and stays there; only the command line can name another.
  for (const path of [...ourFolders(paths.cache), paths.store, paths.output])
    if (isInside(paths.folder, path)) refuseLinks(paths.folder, path);
  const { inputs, diagnostics } = await inspectInputs({ manifest, paths, locate: parsed.locate });
  return {
    manifest,
    source,
    tables: textsOf(tables),
    locate: parsed.locate,
    paths,
    target,
    ...defined({ database: options.store }),
    said: saidIn(options),
    inputs,
    products: productsOf(parsed),
    diagnostics: [...parsed.diagnostics, ...diagnostics],
    env,
    keys,
    clock: options.clock ?? systemClock,
    stamp: stampOf([text, ...textsOf(tables).values()], options),
  };
}

/**
 * A manifest as far as it can be read, with its tables; what is wrong with them is in its diagnostics. `draft`: its text, instead of the
 * file's. Throws `manifest-invalid` where there is none.
 */
export async function readParsed(manifest: string, said: Said, draft?: Uint8Array) {
  const text = draft ?? (await readManifest(manifest));
  const opened = openManifest(readingOf(text, manifest, said));
  const tables = await readTables(dirname(manifest), opened.tables);
  return { parsed: opened.expand(tables), text, tables };
}

/** A manifest's text with the user's options, and the tables that it names. */
export async function readingWithTables(
  text: Uint8Array,
  manifest: string,
  said: Said,
): Promise<ManifestReading> {
  const reading = readingOf(text, manifest, said);
  return { ...reading, tables: await readTables(dirname(manifest), openManifest(reading).tables) };
}

/** The tables of a manifest as they lie in its folder, by their names. */
async function readTables(folder: string, names: readonly string[]): Promise<TableSources> {
  const read = names.map(async (name) => [name, await readTableFile(folder, name)] as const);
  return new Map(await Promise.all(read));
}

function textsOf(tables: TableSources): ReadonlyMap<string, string> {
  const decoder = new TextDecoder();
  return new Map(
    [...tables].flatMap(([name, source]) => {
      if (isTableFault(source)) return [];
      return [[name, typeof source === 'string' ? source : decoder.decode(source)] as const];
    }),
  );
}

/** A manifest's text with the user's options. `file`: its name in places. */
export function readingOf(
  text: string | Uint8Array,
  file: string,
  { vars, allowLargeMatrix, gateway }: Said,
): ManifestReading {
  return {
    ...{ text, file, ...defined({ vars, allowLargeMatrix }) },
    ...(gateway === undefined ? {} : { gateway: (own) => parseGatewayOption(gateway, own) }),
  };
}

/** The shots that a matrix or takes multiply. */
export function productsOf({ sizes }: ParsedManifest): readonly PlanProduct[] {
  return sizes.flatMap(({ manifest_id, expansions, takes }) =>
    takes > 1 ? [{ id: manifest_id, expansions, takes: takes / expansions }] : [],
  );
}

/** The folders that we write to below the cache. */
function ourFolders(cache: string): readonly string[] {
  const ofSandbox = ['jobs', 'images', 'clips', 'seen'].map((name) => join(cache, 'sandbox', name));
  return [join(cache, 'frames'), ...ofSandbox];
}

function saidIn({ vars, allowLargeMatrix, gateway, concurrency }: ProjectOptions): Said {
  return defined({ vars, allowLargeMatrix, gateway, concurrency });
}

function stampOf(
  texts: readonly (string | Uint8Array)[],
  { vars, gateway, output, clips, allowLargeMatrix }: ProjectOptions,
): string {
  const options = JSON.stringify([VERSION, vars, gateway, output, clips, allowLargeMatrix]);
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return hash.update(options).digest('hex');
}

/** Throws ManifestError if there is an error among the diagnostics. */
export function assertNoErrors(project: Project, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.some(({ severity }) => severity === 'error'))
    throw new ManifestError(diagnostics, project.source);
}

export function withConcurrency(manifest: Manifest, jobs: number | undefined): Manifest {
  return jobs === undefined ? manifest : { ...manifest, concurrency: { ...manifest.concurrency, jobs } };
}

/** Reads each distinct local file once. A missing file is one finding for each place that names it. */
async function inspectInputs({
  manifest,
  paths,
  locate,
}: {
  readonly manifest: Manifest;
  readonly paths: ProjectPaths;
  readonly locate: LocateField;
}): Promise<{ readonly inputs: Map<string, LocalInput>; readonly diagnostics: Diagnostic[] }> {
  const uses = manifest.takes.flatMap((take) => inputUses(take, 'file'));
  const distinct = [...new Map(uses.map((use) => [`${use.media} ${use.address}`, use])).values()];
  const limit = pLimit(8);
  const inputs = new Map<string, LocalInput>();
  const diagnostics = await Promise.all(
    distinct.map((use) =>
      limit(async () => {
        const { address, media } = use;
        const file = join(paths.folder, address);
        const found = await inspectLocalInput({ root: paths.folder, file, media });
        if (found.ok) {
          inputs.set(address, found);
          return [];
        }
        const named = uses.filter((other) => other.address === address && other.media === media);
        const { ok: _, ...problem } = found;
        return oncePerPlace(locate, named, () => ({ ...problem, severity: 'error' }));
      }),
    ),
  );
  return { inputs, diagnostics: diagnostics.flat() };
}
