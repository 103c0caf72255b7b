import { defined } from '../domain/defined.js';
import type { Diagnostic, SourceRange } from '../domain/diagnostic.js';
import { isRecord } from '../domain/is-record.js';
import type { TableSources } from '../domain/table-source.js';
import type { GatewaySetting, LocateField, Manifest } from '../domain/manifest.js';
import { checkTop } from './schema/check.js';
import { expandManifest, type ShotSize } from './expand/manifest.js';
import { fieldLocator } from './locate.js';
import { readManifestText } from './yaml/text.js';
import { placesIn, type Places } from './yaml/places.js';
import { collectProblems, show, type Report } from './problems.js';
import { insideTables, namedTables, readTables } from './table/named-tables.js';
import { asOneShot, withTables, type Table } from './table/table.js';
import { readYaml, type YamlTree } from './yaml/document.js';

/** A manifest as far as it could be read, and all findings about it. */
export interface ParsedManifest {
  /** Absent if there are errors. */
  readonly manifest?: Manifest;
  /** The manifest without the shots that have errors, if only shots have errors. */
  readonly soundPart?: Manifest;
  readonly diagnostics: readonly Diagnostic[];
  readonly locate: LocateField;
  /** The place where the manifest gives the address of a gateway. */
  readonly gatewayAt?: SourceRange;
  /** The text that the places refer to: without a byte order mark. */
  readonly text: string;
  /** For each shot that could be expanded, in the manifest's order. */
  readonly sizes: readonly ShotSize[];
  /** The YAML as nodes of the text; absent if it has errors that leave no reliable data. */
  readonly tree?: YamlTree;
}

/** A manifest's text, and what is said about it from outside. */
export interface ManifestReading {
  readonly text: string | Uint8Array;
  /** The manifest's name in places; also the project's name if the manifest gives none. */
  readonly file: string;
  /** From the command line: they win over the vars of the manifest and of shots, not over a matrix. */
  readonly vars?: Readonly<Record<string, string>>;
  /** A matrix may make more than 1,000 shots of one. */
  readonly allowLargeMatrix?: boolean;
  /** The gateway that replaces the manifest's own (`--gateway`). */
  readonly gateway?: (own: GatewaySetting) => GatewaySetting;
  /** The tables that it names, as they were read. */
  readonly tables?: TableSources;
}

/** A manifest whose YAML was read. */
export interface OpenedManifest {
  /** The tables that it names: paths with `/`, inside its folder by their letters. */
  readonly tables: readonly string[];
  /** Goes on once their files were read. */
  readonly expand: (tables: TableSources) => ParsedManifest;
}

/**
 * Reads a manifest: YAML, schema, rules, tables, vars, matrix, chains, takes. Pure: it opens no file and sends no request.
 * Never throws because of the text; everything that is wrong is in `diagnostics`, in the order of the text.
 */
export function parseManifest({ tables = new Map(), ...options }: ManifestReading): ParsedManifest {
  return openManifest(options).expand(tables);
}

/** Begins as `parseManifest`, and says which tables it goes on with. */
export function openManifest(options: Omit<ManifestReading, 'tables'>): OpenedManifest {
  const { file } = options;
  const problems = collectProblems();
  const { text, fault } = readManifestText(options.text);
  const nothing = (tree?: YamlTree): ParsedManifest =>
    defined({ diagnostics: problems.diagnostics(), locate: () => undefined, text, sizes: [], tree });
  const unreadable: OpenedManifest = { tables: [], expand: () => nothing() };
  if (fault) {
    const { message, hint, offset = 0 } = fault;
    const at = placesIn(text, file).span(offset, offset + 1);
    problems.add({ code: 'manifest-unreadable', severity: 'error', message, hint, at });
    return unreadable;
  }
  const { data, places, tree } = readYaml({ text, file, add: problems.add });
  problems.places = places;
  if (data === undefined || !isManifestMap(data, problems.report))
    return { tables: [], expand: () => nothing(tree) };
  const named = namedTables(data);
  return {
    tables: insideTables(named),
    expand: (sources) => expandData({ ...options, data, named, sources, places, problems, text, tree }),
  };
}

function expandData(
  options: Omit<ManifestReading, 'text' | 'tables'> & {
    readonly data: Readonly<Record<string, unknown>>;
    readonly named: ReturnType<typeof namedTables>;
    readonly sources: TableSources;
    readonly places: Places;
    readonly problems: ReturnType<typeof collectProblems>;
    readonly text: string;
    readonly tree: YamlTree | undefined;
  },
): ParsedManifest {
  const { data, file, named, sources, problems, text, tree } = options;
  const isSound = (): boolean => problems.diagnostics().every(({ severity }) => severity !== 'error');
  /** Shots by their index; and the names of other faulty parts. */
  const faulty = new Set<unknown>(isSound() ? [] : ['yaml']);
  const report: Report = (problem) => {
    const [part, index] = problem.path ?? [];
    if (problem.severity !== 'warning')
      faulty.add(part === 'shots' && index !== undefined ? Number(index) : part);
    problems.report(problem);
  };
  const tables = new Map<string, Table>();
  const lines = new Map<string, readonly number[]>();
  const yaml = isRecord(data['shots']) ? asOneShot(options.places) : options.places;
  const places = withTables(yaml, { manifest: file, tables, lines });
  problems.places = places;
  const top = checkTop(data, { report, places });
  if (!top.value)
    return defined({ diagnostics: problems.diagnostics(), locate: () => undefined, text, sizes: [], tree });
  readTables(named, { sources, tables, lines, report, places });

  const { manifest, sizes, shots, defaults, rows } = expandManifest({
    ...options,
    raw: top.value,
    varsSuspect: top.broken.has('vars'),
    tables,
    places,
    report,
  });
  const diagnostics = problems.diagnostics();
  const takes = manifest.takes.filter((take) => !faulty.has(take.shot_index));
  const isPartSound = takes.length > 0 && [...faulty].every((part) => typeof part === 'number');
  return defined({
    manifest: isSound() ? manifest : undefined,
    soundPart: isPartSound ? { ...manifest, takes } : undefined,
    diagnostics,
    locate: fieldLocator(places, { shots, defaults, rows }),
    gatewayAt: places.find(['gateway', 'base_url']),
    text,
    sizes,
    tree,
  });
}

function isManifestMap(data: unknown, report: Report): data is Readonly<Record<string, unknown>> {
  if (isRecord(data)) return true;
  const hint = 'begin with version: 1 and shots:, or let dailies init write a manifest';
  const code = data === null ? 'manifest-unreadable' : 'wrong-type';
  const message =
    data === null ? 'the manifest is empty' : `a manifest is a map of fields, not ${show(data)}`;
  report({ code, message, path: [], hint });
  return false;
}
