import { createHash } from 'node:crypto';
import { defined } from '../../domain/defined.js';
import { isRecord } from '../../domain/is-record.js';
import { ManifestError, DailiesError } from '../../errors.js';
import { parseManifest } from '../../manifest/parse.js';
import type { GatewayTarget } from '../project/gateway-target.js';
import type { ProjectPaths } from '../project/paths.js';
import {
  productsOf,
  readingOf,
  withConcurrency,
  type LocalInput,
  type Project,
  type Said,
} from '../project/project.js';
import type { Scope } from '../plan/survey.js';

/** All that another machine needs to plan a batch again: what was enqueued, and with which options. */
export interface BatchDocument {
  readonly text: string;
  /** The manifest's file name. */
  readonly file: string;
  /** The tables that the manifest names; they are part of it like its text. */
  readonly tables?: Readonly<Record<string, string>>;
  readonly said: Said;
  readonly scope: Scope;
  readonly inputs: readonly (LocalInput & { readonly path: string })[];
}

/** What an enqueue of a project keeps. */
export function batchDocument(
  { source, tables, said, inputs }: Project,
  scope: Scope,
  file: string,
): BatchDocument {
  const { only, until, rerender, retryFailed, onUncertain, approve } = scope;
  return {
    ...{ text: source.text, file, said },
    ...(tables.size > 0 && { tables: Object.fromEntries(tables) }),
    scope: defined({ only, until, rerender, retryFailed, onUncertain, approve }),
    inputs: [...inputs].map(([path, input]) => ({ ...input, path })),
  };
}

/** Tells one meaning of a manifest from an earlier one, the same on every machine; 16 digits, hex. */
export function revisionOf({ source, tables, said, inputs }: Project): string {
  const { vars, allowLargeMatrix, gateway } = said;
  const files = [...inputs].map(([path, { sha256 }]) => [path, sha256]);
  // A manifest without tables keeps the revision that it had before tables existed.
  const ofTables = tables.size > 0 ? [[...tables]] : [];
  const meaning = JSON.stringify([source.text, vars, allowLargeMatrix, gateway, files, ...ofTables]);
  return createHash('sha256').update(meaning).digest('hex').slice(0, 16);
}

/** The gateway, folders, environment and clock of a worker. */
export interface WorkerPlace {
  readonly target: GatewayTarget;
  readonly paths: ProjectPaths;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Project['clock'];
}

/**
 * The project of a batch, as a worker sees it: its manifest says what is wanted, and nothing about folders and keys of this machine.
 * Throws `store-refused` on an invalid document, and ManifestError on a manifest that cannot be expanded here.
 */
export function projectOf(
  document: unknown,
  place: WorkerPlace,
): { readonly project: Project; readonly scope: Scope } {
  const { text, file, tables = {}, said, scope, inputs } = batchIn(document);
  const texts = new Map(Object.entries(tables));
  const parsed = parseManifest({ ...readingOf(text, file, said), tables: texts });
  const source = { file, text: parsed.text };
  if (!parsed.manifest) throw new ManifestError(parsed.diagnostics, source);
  return {
    scope,
    project: {
      ...place,
      // A worker's keys are in its environment.
      keys: new Map(),
      manifest: withConcurrency(parsed.manifest, said.concurrency),
      ...{
        source,
        tables: texts,
        said,
        locate: parsed.locate,
        products: productsOf(parsed),
        diagnostics: [],
      },
      inputs: new Map(inputs.map(({ path, ...input }) => [path, input])),
      stamp: '',
    },
  };
}

function batchIn(value: unknown): BatchDocument {
  if (isRecord(value)) {
    const { text, file, tables = {}, said, scope, inputs } = value;
    const isWhole = isRecord(said) && isRecord(scope) && Array.isArray(inputs) && inputs.every(isInput);
    if (typeof text === 'string' && typeof file === 'string' && isTexts(tables) && isWhole)
      return { text, file, tables, said, scope, inputs };
  }
  throw new DailiesError('store-refused', 'the store has an invalid batch', {
    hint: 'something else wrote to its tables: check who may write there, then enqueue again',
  });
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isInput(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { path, sha256, mime } = value;
  return (
    typeof path === 'string' &&
    typeof mime === 'string' &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  );
}
