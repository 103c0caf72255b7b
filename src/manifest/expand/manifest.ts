import { isRecord } from '../../domain/is-record.js';
import type { GatewaySetting, Manifest } from '../../domain/manifest.js';
import type { Take } from '../../domain/take.js';
import { takesPlainHttp } from '../addresses.js';
import { resolveChains, type Chained } from './chains.js';
import { namesIn, reportDuplicates, reportIdleCaps, reportIdleVars } from './check-whole.js';
import { checkCollisions, checkTemplate } from '../check-output.js';
import { checkDefaults, checkShot } from '../schema/check.js';
import { expandShot, type ExpandedShot, type ShotContext } from './shot.js';
import { isTemplateName, placeholdersIn } from '../output-name.js';
import { reportSameClips } from './same-clips.js';
import { matrixOf } from './placed-matrix.js';
import { cellPath, type Tables } from '../table/table.js';
import type { Path, Places } from '../yaml/places.js';
import { suggester, type Report } from '../problems.js';
import type { RawManifest, RawShared, RawShot } from '../schema/raw.js';
import { checkPollInterval, readRunSettings } from '../settings.js';
import { scopeOf, substitution, varsAt, type Var } from './vars.js';

/** How many jobs one shot of the manifest stands for. */
export interface ShotSize {
  /** The id as the manifest has it. */
  readonly manifest_id: string;
  /** How many shots its matrix makes; 1 without one. */
  readonly expansions: number;
  /** All their takes together. */
  readonly takes: number;
}

/** An expanded manifest: as complete as its faults, which were reported, allow. */
export interface ExpandedManifest {
  readonly manifest: Manifest;
  readonly sizes: readonly ShotSize[];
  /** The shots as written, by their index; undefined if a shot is too faulty. */
  readonly shots: readonly (RawShot | undefined)[];
  readonly defaults: RawShared;
  /** The rows of tables, as paths, by the expanded ids of the shots that they make. */
  readonly rows: ReadonlyMap<string, Path>;
}

/** More takes than this do not fit in memory along with their plan. */
const MOST_TAKES = 1_000_000;

/** Turns the written manifest into takes: settings, shots, matrix, chains, names. */
export function expandManifest(options: {
  readonly raw: RawManifest;
  /** Vars of the manifest were dropped as faulty. */
  readonly varsSuspect: boolean;
  readonly file: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly allowLargeMatrix?: boolean;
  readonly gateway?: (own: GatewaySetting) => GatewaySetting;
  readonly tables: Tables;
  readonly places: Places;
  readonly report: Report;
}): ExpandedManifest {
  const { raw, varsSuspect, file, tables, places } = options;
  const faulty = new Set<unknown>();
  const report: Report = (problem) => {
    // A finding about defaults and vars applies to every shot that uses them.
    const { severity, path: [top, index] = [] } = problem;
    if (severity !== 'warning') faulty.add(top === 'shots' ? index : top);
    options.report(problem);
  };
  const used = new Set<string>();
  const manifestVars = varsAt(raw.vars, ['vars'], places);
  const givenVars = new Map<string, Var>(
    Object.entries(options.vars ?? {}).map(([name, text]) => [name, { text }]),
  );
  const suggest = suggester();
  const vars = substitution({
    scope: scopeOf([givenVars, manifestVars], varsSuspect),
    report,
    suggest,
    used,
  });
  const own = readRunSettings(raw, file, vars, report);
  const settings = { ...own, gateway: options.gateway?.(own.gateway) ?? own.gateway };
  checkPollInterval(raw, settings.gateway, report);

  const checkedDefaults =
    raw.defaults == null ? NO_DEFAULTS : checkDefaults(raw.defaults, { report, places });
  const defaults = checkedDefaults.value ?? {};
  const { name: template } = settings.output;
  const areRows = isRecord(raw.shots);
  const { expanded, shots, unclear } = expandShots(listOf(raw.shots, report), {
    defaults,
    tables,
    areRows,
    defaultsSuspect: checkedDefaults.broken.size > 0 || !checkedDefaults.value,
    varsSuspect: varsSuspect || checkedDefaults.broken.has('vars'),
    manifestVars,
    defaultVars: varsAt(defaults.vars, ['defaults', 'vars'], places),
    givenVars,
    templateNames: template === undefined ? [] : varsIn(template),
    plainHttp: takesPlainHttp(settings.gateway),
    allowLarge: options.allowLargeMatrix ?? false,
    used,
    places,
    report,
    suggest,
  });
  const declared = namesIn(raw, defaults, shots, tables);
  reportIdleVars(givenVars, declared, used, report);
  const flat = expanded.flat();
  reportDuplicates(flat, places, report);
  const chained = resolveChains(flat, unclear, report, suggest);
  const sizes = (areRows ? flat.map((shot) => [shot]) : expanded).flatMap(sizeOf);
  const takes = tooMany(sizes, report) ? [] : takeList(flat, chained, areRows);
  const isSound = (index: number) =>
    ![index, 'defaults', 'vars', 'tables'].some((where) => faulty.has(where));
  const rows = rowsOf(flat, { shots, defaults, tables });
  reportSameClips(takes, { shots, defaults, tables, rows, isSound, report, places });
  if (template !== undefined) {
    checkTemplate(template, new Set([...declared, ...givenVars.keys()]), report);
    checkCollisions(template, takes, settings.project, report);
  }
  if (takes.length > 0) reportIdleCaps(settings.concurrency.per_model, takes, report);
  return { manifest: { ...settings, takes }, sizes, shots, defaults, rows };
}

const NO_DEFAULTS: ReturnType<typeof checkDefaults> = { value: {}, broken: new Set() };

/** The shots as a list: a map that names a table is one shot, and the table its matrix. */
function listOf(shots: RawManifest['shots'], report: Report): readonly unknown[] {
  if (!isMap(shots)) return shots ?? [];
  const { from, matrix, ...fields } = shots;
  if (matrix !== undefined) {
    const message = 'the rows of the table are the shots, and have no matrix of their own';
    const hint = 'write a list with one shot, and there matrix: { from: TABLE, … }';
    report({ code: 'unknown-key', message, hint, path: ['shots', 'matrix'], on: 'key' });
  }
  if (from === undefined) {
    const hint = 'write the shots as a list, each with - before it, or name a table with from:';
    report({
      code: 'missing-key',
      message: 'the shots are a map without from:',
      hint,
      path: ['shots'],
      on: 'key',
    });
    return [];
  }
  // Without an id of its own each shot has that of its row.
  return [{ id: '', ...fields, matrix: { from } }];
}

function isMap(shots: RawManifest['shots']): shots is Readonly<Record<string, unknown>> {
  return isRecord(shots);
}

function rowsOf(
  flat: readonly ExpandedShot[],
  { shots, defaults, tables }: Pick<ShotContext, 'defaults' | 'tables'> & Pick<ExpandedManifest, 'shots'>,
): ReadonlyMap<string, Path> {
  if (tables.size === 0) return new Map();
  return new Map(
    flat.flatMap(({ id, index, row }) => {
      const shot = shots[index];
      const table =
        row === undefined || !shot ? undefined : matrixOf(shot, { defaults, tables, index })?.table;
      return table && row !== undefined ? [[id, cellPath(table.name, row)] as const] : [];
    }),
  );
}

/** Checks and expands each shot. `unclear` has the ids of the shots that could not be expanded. */
function expandShots(list: readonly unknown[], context: ShotContext) {
  const unclear = new Set<string>();
  const shots: (RawShot | undefined)[] = [];
  const expanded = list.map((entry, index) => {
    const { value: shot, broken } = checkShot(entry, index, context);
    shots.push(shot);
    const made = shot ? expandShot(shot, index, broken, context) : [];
    const id = isRecord(entry) ? entry['id'] : undefined;
    if (typeof id === 'string' && (made.length === 0 || broken.has('matrix'))) unclear.add(id);
    return made;
  });
  return { expanded, shots, unclear };
}

function sizeOf(shots: readonly ExpandedShot[]): ShotSize[] {
  const [first] = shots;
  if (!first) return [];
  const takes = shots.reduce((sum, { values }) => sum + values.takes, 0);
  return [{ manifest_id: first.manifestId, expansions: shots.length, takes }];
}

function tooMany(sizes: readonly ShotSize[], report: Report): boolean {
  const total = sizes.reduce((sum, { takes }) => sum + takes, 0);
  if (total <= MOST_TAKES) return false;
  const message = `the manifest asks for ${total.toLocaleString('en')} takes; at most ${MOST_TAKES.toLocaleString('en')} are possible`;
  report({ code: 'matrix-too-large', message, path: ['shots'], on: 'key' });
  return true;
}

function varsIn(template: string): string[] {
  return placeholdersIn(template).filter((name) => !isTemplateName(name));
}

/** The takes of expanded shots, in order; `chained` says what each needs from others. Takes of one shot share what they have in common. */
function takeList(shots: readonly ExpandedShot[], chained: readonly Chained[], areRows: boolean): Take[] {
  const takes: Take[] = [];
  for (const [index, shot] of shots.entries()) {
    const links = chained[index] ?? UNLINKED;
    for (let number = 1; number <= shot.values.takes; number++) {
      const take = takeOf(shot, links, number);
      takes.push(areRows && shot.row !== undefined ? { ...take, row: shot.row } : take);
    }
  }
  return takes;
}

const UNLINKED: Chained = { frames: [], references: [] };

function takeOf(
  { id, manifestId, index, matrix, vars, values }: ExpandedShot,
  links: Chained,
  take: number,
): Take {
  const { settings, takes, type, tags, captions } = values;
  const { seed } = settings;
  return {
    key: takes === 1 ? id : `${id}@${take}`,
    shot: id,
    manifest_id: manifestId,
    take,
    takes,
    shot_index: index,
    type,
    tags,
    matrix,
    settings: seed === undefined || take === 1 ? settings : { ...settings, seed: seed + take - 1 },
    frames: links.frames,
    references: links.references,
    ...(vars && { vars }),
    ...(captions && { captions }),
    ...(links.previous !== undefined && { previous_shot: links.previous }),
  };
}
