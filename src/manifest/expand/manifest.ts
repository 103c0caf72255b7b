import { isRecord } from '../../domain/is-record.js';
import type { GatewaySetting, Manifest } from '../../domain/manifest.js';
import { nearest } from '../../domain/nearest.js';
import type { Take } from '../../domain/take.js';
import { takesPlainHttp } from '../addresses.js';
import { resolveChains } from './chains.js';
import { checkCollisions, checkTemplate } from '../check-output.js';
import { checkDefaults, checkShot } from '../schema/check.js';
import { expandShot, type ExpandedShot, type ShotContext } from './shot.js';
import { placeholdersIn, TEMPLATE_NAMES } from '../output-name.js';
import type { Places } from '../yaml/places.js';
import { didYouMean, suggester, type Report } from '../problems.js';
import type { RawManifest, RawShared, RawShot } from '../schema/raw.js';
import { readSettings } from '../settings.js';
import { takeList } from './take-list.js';
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

/** What became of a manifest: as complete as its faults, which were reported, allow. */
export interface ExpandedManifest {
  readonly manifest: Manifest;
  readonly sizes: readonly ShotSize[];
  /** The shots as written, by their index; undefined where one is too faulty. */
  readonly shots: readonly (RawShot | undefined)[];
  readonly defaults: RawShared;
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
  readonly places: Places;
  readonly report: Report;
}): ExpandedManifest {
  const { raw, varsSuspect, file, places, report } = options;
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
  const own = readSettings({ raw, file, vars, report });
  const settings = { ...own, gateway: options.gateway?.(own.gateway) ?? own.gateway };

  const checkedDefaults =
    raw.defaults == null ? NO_DEFAULTS : checkDefaults(raw.defaults, { report, places });
  const defaults = checkedDefaults.value ?? {};
  const { name: template } = settings.output;
  const { expanded, shots, unclear } = expandShots(raw.shots ?? [], {
    defaults,
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
  const declared = namesIn({ raw, defaults, shots });
  reportIdleVars({ givenVars, declared, used, report });
  const flat = expanded.flat();
  reportDuplicates({ shots: flat, places, report });
  const chained = resolveChains({ shots: flat, unclear, report, suggest });
  const sizes = expanded.flatMap(sizeOf);
  const takes = tooMany(sizes, report) ? [] : takeList(flat, chained);
  if (template !== undefined) {
    checkTemplate(template, new Set([...declared, ...givenVars.keys()]), report);
    checkCollisions({ template, takes, project: settings.project, report });
  }
  if (takes.length > 0) reportIdleCaps({ caps: settings.concurrency.per_model, takes, report });
  return { manifest: { ...settings, takes }, sizes, shots, defaults };
}

const NO_DEFAULTS: ReturnType<typeof checkDefaults> = { value: {}, broken: new Set() };

/** Checks and expands each shot. `unclear` has the ids of those that came to nothing. */
function expandShots(
  list: readonly unknown[],
  context: ShotContext,
): {
  readonly expanded: readonly (readonly ExpandedShot[])[];
  readonly shots: readonly (RawShot | undefined)[];
  readonly unclear: ReadonlySet<string>;
} {
  const unclear = new Set<string>();
  const shots: (RawShot | undefined)[] = [];
  const expanded = list.map((entry, index) => {
    const { value: shot, broken } = checkShot(entry, index, context);
    shots.push(shot);
    const made = shot ? expandShot({ shot, index, broken, context }) : [];
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

/** Ids name files, and some file systems do not tell letter case. */
function reportDuplicates(parts: {
  readonly shots: readonly ExpandedShot[];
  readonly places: Places;
  readonly report: Report;
}): void {
  const { shots, places, report } = parts;
  const owners = new Map<string, { readonly name: string; readonly index: number }>();
  for (const { id, index, manifestId } of shots) {
    // The manifest's own id is taken as well, but for one that vars make different each time.
    for (const name of id === manifestId || manifestId.includes('{{') ? [id] : [manifestId, id]) {
      const owner = owners.get(name.toLowerCase());
      if (!owner) owners.set(name.toLowerCase(), { name, index });
      else if (owner.index !== index || name === id) reportDuplicate({ id, name, index }, owner);
    }
  }

  function reportDuplicate(
    shot: { readonly id: string; readonly name: string; readonly index: number },
    owner: { readonly name: string; readonly index: number },
  ): void {
    const { id, name, index } = shot;
    const { line } = places.find(['shots', owner.index, 'id'], AS_USED);
    const message =
      owner.index === index
        ? `two combinations of the matrix make the same shot, ${id}`
        : owner.name === name
          ? `the id ${name} is taken: see line ${line}`
          : `the id ${name} differs from ${owner.name} (line ${line}) in letter case alone`;
    const hint = 'ids name files: each needs its own';
    report({ code: 'duplicate-id', message, hint, path: ['shots', index, 'id'], ...AS_USED, shot: id });
  }
}

/** A shot that is an alias, or has its id through `<<`, is to be found where it stands itself. */
const AS_USED = { asUsed: true } as const;

function tooMany(sizes: readonly ShotSize[], report: Report): boolean {
  const total = sizes.reduce((sum, { takes }) => sum + takes, 0);
  if (total <= MOST_TAKES) return false;
  const message = `the manifest asks for ${total.toLocaleString('en')} takes; at most ${MOST_TAKES.toLocaleString('en')} are possible`;
  report({ code: 'matrix-too-large', message, path: ['shots'], on: 'key' });
  return true;
}

function varsIn(template: string): string[] {
  return placeholdersIn(template).filter((name) => !TEMPLATE_NAMES.some((known) => known === name));
}

/** All names of vars and of matrices that the manifest has. */
function namesIn(parts: {
  readonly raw: RawManifest;
  readonly defaults: RawShared;
  readonly shots: readonly (RawShot | undefined)[];
}): Set<string> {
  const { raw, defaults, shots } = parts;
  const names = new Set(Object.keys(raw.vars ?? {}));
  for (const fields of [defaults, ...shots]) {
    for (const name of Object.keys(fields?.vars ?? {})) names.add(name);
    if (!fields?.matrix) continue;
    const { include = [], exclude: _, ...axes } = fields.matrix;
    for (const combination of [axes, ...include])
      for (const name of Object.keys(combination)) names.add(name);
  }
  return names;
}

/** A cap that holds for no take is most likely misspelt, and the model it was meant for would have none. */
function reportIdleCaps(parts: {
  readonly caps: Manifest['concurrency']['per_model'];
  readonly takes: readonly Take[];
  readonly report: Report;
}): void {
  const models = new Set(parts.takes.map(({ settings }) => settings.model));
  for (const name of Object.keys(parts.caps)) {
    if (models.has(name)) continue;
    const meant = nearest(name, models);
    parts.report({
      code: 'cap-unused',
      severity: 'warning',
      message: `no shot has the model ${name}${didYouMean(meant)}`,
      path: ['concurrency', 'per_model', name],
      on: 'key',
      hint: 'a cap holds for the model as the shots name it',
    });
  }
}

/** A `--var` that nothing asks for is most likely misspelt, and the shot would be rendered without it. */
function reportIdleVars(parts: {
  readonly givenVars: ReadonlyMap<string, Var>;
  readonly declared: ReadonlySet<string>;
  readonly used: ReadonlySet<string>;
  readonly report: Report;
}): void {
  const { givenVars, declared, used, report } = parts;
  for (const name of givenVars.keys()) {
    if (used.has(name) || declared.has(name)) continue;
    const meant = nearest(
      name,
      [...declared, ...used].filter((other) => !givenVars.has(other)),
    );
    report({
      code: 'unknown-var',
      severity: meant === undefined ? 'warning' : 'error',
      message: `--var ${name}: nothing in the manifest asks for {{${name}}}${didYouMean(meant)}`,
    });
  }
}
