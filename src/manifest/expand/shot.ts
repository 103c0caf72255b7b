import { expandMatrix, type Combination } from './matrix.js';
import { expandedIds, idFault, idPart, type IdDraft } from './ids.js';
import { layer } from './layers.js';
import { FIELD_NAMES } from '../schema/fields.js';
import { matrixOf, matrixVar, matrixVars, pathInMatrix, reportIdleNames } from './placed-matrix.js';
import type { Places } from '../yaml/places.js';
import { show, type Report, type Suggest } from '../problems.js';
import type { RawCombination, RawShared, RawShot } from '../schema/raw.js';
import { shotValues, type ShotValues } from './shot-values.js';
import { NO_VARS, scopeOf, substitution, varsAt, type Scope, type Substitution, type Var } from './vars.js';

/** One combination of a shot; its chains still name shots as the manifest does. */
export interface ExpandedShot {
  readonly id: string;
  readonly manifestId: string;
  /** Of the shot in the manifest's list. */
  readonly index: number;
  readonly matrix: RawCombination;
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
  const { defaults, report, suggest, places, templateNames } = context;
  const own = matrixOf(shot, defaults, index);
  const combinations = own ? expandMatrix(own.matrix, own.path, context.allowLarge, report) : SINGLE;
  if (!combinations) return [];
  if (!own) reportIdleNulls(shot, context, index);

  const used = new Set<string>(templateNames);
  const suspect = broken.size > 0 || context.defaultsSuspect;
  const drafts = draftIds(combinations);
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
    const names = new Set(all.flatMap(({ values }) => Object.keys(values)));
    return all.map((combination) => {
      const given = varOf ? matrixVars(combination.values, varOf) : NO_VARS;
      const scope: Scope = {
        ...scopeOf([given, givenVars, shotVars, defaultVars, manifestVars], varsSuspect),
        lackedBy: (name) => (names.has(name) ? labelOf(combination) : undefined),
      };
      if (!shot.id.includes('{{')) return { combination, scope, stem: shot.id, named: NONE_NAMED };
      const named = new Set<string>();
      const vars = substitution({
        scope,
        report,
        suggest,
        used: named,
        shape: (text, name) => idPart(name, text),
      });
      const stem = vars.text(shot.id, () => ['shots', index, 'id']);
      for (const name of named) used.add(name);
      return { combination, scope, stem, named };
    });
  }

  function expansion({ combination, scope }: Draft, id: string): ExpandedShot {
    const given = combination.values;
    const reportHere: Report = (problem) => report({ shot: id, ...problem });
    const vars = substitution({ scope, report: reportHere, suggest, used });
    const layered = layer({
      defaults,
      own: shot,
      given,
      index,
      pathOfGiven: (field) => (own ? pathInMatrix(own, field, given[field]) : ['shots', index]),
    });
    const fault = idFault(id);
    // An id whose vars were not found was already reported.
    if (fault !== undefined && !id.includes('{{')) {
      const message = `the id ${show(id)} ${fault}`;
      reportHere({ code: 'unsafe-id', message, path: ['shots', index, 'id'] });
    }
    const named = namedVars(templateNames, given, scope, vars);
    const { plainHttp } = context;
    return {
      id,
      manifestId: own ? shot.id : id,
      index,
      matrix: own ? given : NO_MATRIX,
      values: shotValues({ layered, vars, index, suspect, plainHttp, report: reportHere }),
      ...(named ? { vars: named } : undefined),
    };
  }
}

/** A combination whose id is not yet unique, and the vars that its texts may use. */
interface Draft extends IdDraft {
  readonly scope: Scope;
}

/** `aspect_ratio: 4:5, look: rain`. */
function labelOf({ values }: Combination): string {
  const parts = Object.entries(values).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : show(value)}`,
  );
  return parts.join(', ').slice(0, 100);
}

const NONE_NAMED: ReadonlySet<string> = new Set();

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
