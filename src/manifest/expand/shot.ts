import { expandMatrix, type Combination, type PlacedMatrix } from './matrix.js';
import { expandedIds, idFault, idPart, type IdDraft } from './ids.js';
import { layer } from './layers.js';
import { FIELD_NAMES } from '../schema/fields.js';
import { matrixOf, matrixVar, matrixVars, pathOfGiven, reportIdleNames } from './placed-matrix.js';
import type { Places } from '../yaml/places.js';
import { show, type Report, type Suggest } from '../problems.js';
import type { RawCombination, RawShared, RawShot } from '../schema/raw.js';
import { shotValues, type ShotValues } from './shot-values.js';
import { cellPath, type Tables } from '../table/table.js';
import { isOwnName, reportTwins, rowStem } from './row-ids.js';
import { NO_VARS, scopeOf, substitution, varsAt } from './vars.js';
import type { Lack, Scope, Substitution, Var } from './vars.js';

/** One combination of a shot; its chains still name shots as the manifest does. */
export interface ExpandedShot {
  readonly id: string;
  readonly manifestId: string;
  /** Of the shot in the manifest's list. */
  readonly index: number;
  readonly matrix: RawCombination;
  /** The row of the matrix's table that it was made from, counted from 0. */
  readonly row?: number;
  /** The vars that the naming template asks for. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly values: ShotValues;
}

/** What all shots of one manifest share. */
export interface ShotContext {
  readonly defaults: RawShared;
  /** Fields of the defaults were dropped as faulty. */
  readonly defaultsSuspect: boolean;
  /** Vars of the manifest or of the defaults were. */
  readonly varsSuspect: boolean;
  readonly manifestVars: ReadonlyMap<string, Var>;
  readonly defaultVars: ReadonlyMap<string, Var>;
  /** From the command line: they win over the manifest's and the shot's, not over a matrix. */
  readonly givenVars: ReadonlyMap<string, Var>;
  /** The placeholders of the naming template. */
  readonly templateNames: readonly string[];
  readonly plainHttp: boolean;
  readonly allowLarge: boolean;
  readonly tables: Tables;
  /** The shots themselves are the rows of a table: each has a name of its own. */
  readonly areRows: boolean;
  /** Names of the vars that any text used; grows. */
  readonly used: Set<string>;
  readonly places: Places;
  readonly report: Report;
  readonly suggest: Suggest;
}

/** A shot without a matrix is its only combination. */
const SINGLE: readonly Combination[] = [{ values: {}, axes: [], added: false }];
const NO_MATRIX: RawCombination = {};

/** All combinations of a shot, in the matrix's order; none where its matrix has faults. `broken`: fields that were dropped as faulty. */
export function expandShot(
  shot: RawShot,
  index: number,
  broken: ReadonlySet<string>,
  context: ShotContext,
): readonly ExpandedShot[] {
  const { defaults, tables, report, suggest, places, templateNames } = context;
  const own = matrixOf(shot, { defaults, tables, index });
  // What is wrong with its table was reported.
  if (own?.matrix.from !== undefined && !own.table) return [];
  const combinations = own ? expandMatrix(own, context.allowLarge, report) : SINGLE;
  if (!combinations) return [];
  if (!own) reportIdleNulls(shot, context, index);

  const used = new Set<string>(templateNames);
  const suspect = broken.size > 0 || context.defaultsSuspect;
  const drafts = draftIds(combinations);
  if (own?.table && reportTwins(drafts, own.table, report)) return [];
  const ids = expandedIds(drafts);
  const expanded = drafts.map((draft, place) => expansion(draft, ids[place] ?? shot.id));
  if (own && !suspect) reportIdleNames(own, used, report);
  for (const name of used) context.used.add(name);
  return expanded;

  function draftIds(all: readonly Combination[]): Draft[] {
    const { givenVars, defaultVars, manifestVars } = context;
    const varsSuspect = broken.has('vars') || context.varsSuspect;
    const shotVars = varsAt(shot.vars, ['shots', index, 'vars'], places);
    const varOf = own && matrixVar(own, places);
    const names = new Set(own?.table?.columns ?? all.flatMap(({ values }) => Object.keys(values)));
    return all.map((combination) => {
      const given = varOf ? matrixVars(combination, varOf) : NO_VARS;
      const scope: Scope = {
        ...scopeOf([given, givenVars, shotVars, defaultVars, manifestVars], varsSuspect),
        lackOf: (name) => (own && names.has(name) ? lackIn(own, combination, name) : undefined),
      };
      const named = new Set<string>();
      const vars = substitution({
        scope,
        report,
        suggest,
        used: named,
        shape: (text, name) => (own?.table && isOwnName(name) ? text : idPart(name, text)),
      });
      const stem = shot.id.includes('{{') ? vars.text(shot.id, () => ['shots', index, 'id']) : shot.id;
      for (const name of named) used.add(name);
      return { combination, scope, stem: rowStem({ stem, named, combination, own, index, report }), named };
    });
  }

  function expansion({ combination, scope }: Draft, id: string): ExpandedShot {
    const { values: given, row } = combination;
    const idPath = own?.table && row !== undefined ? cellPath(own.table.name, row) : ['shots', index, 'id'];
    const reportHere: Report = (problem) => report({ shot: id, ...problem });
    const vars = substitution({ scope, report: reportHere, suggest, used });
    const layered = layer({
      defaults,
      own: shot,
      given,
      index,
      pathOfGiven: (field) => (own ? pathOfGiven(own, combination, field) : ['shots', index]),
    });
    const fault = idFault(id);
    // An id whose vars were not found was already reported.
    if (fault !== undefined && !id.includes('{{')) {
      const message = `the id ${show(id)} ${fault}`;
      reportHere({ code: 'unsafe-id', message, path: idPath });
    }
    const named = namedVars(templateNames, given, scope, vars);
    const { plainHttp } = context;
    return {
      id,
      manifestId: own && !context.areRows ? shot.id : id,
      index,
      matrix: own ? given : NO_MATRIX,
      values: shotValues({ layered, vars, index, suspect, plainHttp, report: reportHere }),
      ...(named ? { vars: named } : undefined),
      ...(row === undefined ? undefined : { row }),
    };
  }
}

/** A combination whose id is not yet unique, and the vars that its texts may use. */
interface Draft extends IdDraft {
  readonly scope: Scope;
}

/** What to say of a name that a combination lacks. */
function lackIn({ table }: PlacedMatrix, combination: Combination, name: string): Lack {
  const { row } = combination;
  if (table && row !== undefined && table.columns.includes(name)) {
    const message = `the row has no ${name}, and a text of its shot uses {{${name}}}`;
    const hint = `fill the cell, or say under vars: what ${name} is where a row has none`;
    return { message, hint, path: cellPath(table.name, row) };
  }
  const label = labelOf(combination);
  return {
    message: `the combination ${label} has no ${name}, which others of its matrix have`,
    hint: `give it one under include:, beside ${label}`,
  };
}

/** `aspect_ratio: 4:5, look: rain`. */
function labelOf({ values }: Combination): string {
  const parts = Object.entries(values).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : show(value)}`,
  );
  return parts.join(', ').slice(0, 100);
}

/** The vars that the naming template asks for, the texts and numbers of the matrix among them: as they stand in a prompt. */
function namedVars(
  names: readonly string[],
  given: RawCombination,
  scope: Scope,
  vars: Substitution,
): Readonly<Record<string, string>> | undefined {
  const isText = (name: string) => ['string', 'number'].includes(typeof given[name]);
  const asked = names.filter((name) => (!Object.hasOwn(given, name) || isText(name)) && scope.find(name));
  if (asked.length === 0) return undefined;
  return Object.fromEntries(asked.map((name) => [name, vars.text(`{{${name}}}`, () => ['output', 'name'])]));
}

/** A key without a value looks like a typo: it is `null`, and unsets nothing. */
function reportIdleNulls(shot: RawShot, { defaults, report }: ShotContext, index: number): void {
  for (const field of FIELD_NAMES) {
    if (shot[field] !== null || defaults[field] != null || field === 'prompt' || field === 'model') continue;
    report({
      code: 'invalid-value',
      severity: 'warning',
      message: `${field} is empty, and there is no default to remove`,
      path: ['shots', index, field],
      on: 'key',
    });
  }
}
