import { foldCase } from '../../domain/fold-case.js';
import type { Manifest } from '../../domain/manifest.js';
import { nearest } from '../../domain/nearest.js';
import type { Take } from '../../domain/take.js';
import { didYouMean, type Report } from '../problems.js';
import type { RawManifest, RawShared, RawShot } from '../schema/raw.js';
import type { Tables } from '../table/table.js';
import type { Places } from '../yaml/places.js';
import type { ExpandedShot } from './shot.js';
import type { Var } from './vars.js';

/** Ids name files, and some file systems ignore letter case. */
export function reportDuplicates(shots: readonly ExpandedShot[], places: Places, report: Report): void {
  const owners = new Map<string, { readonly name: string; readonly index: number }>();
  for (const { id, index, manifestId } of shots) {
    // The manifest's own id counts as taken too, unless vars make it different each time.
    for (const name of id === manifestId || manifestId.includes('{{') ? [id] : [manifestId, id]) {
      const owner = owners.get(foldCase(name));
      if (!owner) owners.set(foldCase(name), { name, index });
      if (!owner || (owner.index === index && name !== id)) continue;
      const { line } = places.find(['shots', owner.index, 'id'], AS_USED);
      const message =
        owner.index === index
          ? `two combinations of the matrix make the same shot, ${id}`
          : owner.name === name
            ? `the id ${name} is taken: see line ${line}`
            : `the id ${name} differs from ${owner.name} (line ${line}) only in letter case`;
      const hint = 'ids name files: each needs its own';
      report({ code: 'duplicate-id', message, hint, path: ['shots', index, 'id'], ...AS_USED, shot: id });
    }
  }
}

/** For a shot that is an alias, or has its id through `<<`, point at the entry itself. */
const AS_USED = { asUsed: true } as const;

/** A cap that applies to no take is most likely misspelt, and the intended model would have no cap. */
export function reportIdleCaps(
  caps: Manifest['concurrency']['per_model'],
  takes: readonly Take[],
  report: Report,
): void {
  const models = new Set(takes.map(({ settings }) => settings.model));
  for (const name of Object.keys(caps)) {
    if (models.has(name)) continue;
    const meant = nearest(name, models);
    report({
      code: 'cap-unused',
      severity: 'warning',
      message: `no shot has the model ${name}${didYouMean(meant)}`,
      path: ['concurrency', 'per_model', name],
      on: 'key',
      hint: "write the model's name as the shots do",
    });
  }
}

/** A `--var` that nothing uses is most likely misspelt, and the shot would be rendered without it. */
export function reportIdleVars(
  givenVars: ReadonlyMap<string, Var>,
  declared: ReadonlySet<string>,
  used: ReadonlySet<string>,
  report: Report,
): void {
  for (const name of givenVars.keys()) {
    if (used.has(name) || declared.has(name)) continue;
    const meant = nearest(
      name,
      [...declared, ...used].filter((other) => !givenVars.has(other)),
    );
    report({
      code: 'unknown-var',
      severity: meant === undefined ? 'warning' : 'error',
      message: `--var ${name}: nothing in the manifest uses {{${name}}}${didYouMean(meant)}`,
    });
  }
}

/** All names of vars, of matrices and of tables that the manifest has. */
export function namesIn(
  raw: RawManifest,
  defaults: RawShared,
  shots: readonly (RawShot | undefined)[],
  tables: Tables,
): Set<string> {
  const names = new Set(Object.keys(raw.vars ?? {}));
  for (const fields of [defaults, ...shots]) {
    for (const name of Object.keys(fields?.vars ?? {})) names.add(name);
    if (!fields?.matrix) continue;
    const { include = [], exclude: _, from, ...axes } = fields.matrix;
    for (const column of tables.get(from ?? '')?.columns ?? []) names.add(column);
    for (const combination of [axes, ...include])
      for (const name of Object.keys(combination)) names.add(name);
  }
  return names;
}
