import { isMap, type Node } from 'yaml';
import { defined } from '../../domain/defined.js';
import type { SourceRange } from '../../domain/diagnostic.js';
import { isRecord } from '../../domain/is-record.js';
import { nearest } from '../../domain/nearest.js';
import type { Take } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import { pathInMatrix } from '../expand/placed-matrix.js';
import { namesOfVars } from '../expand/vars.js';
import { stepsInto, stepsOf } from '../locate.js';
import type { ManifestReading, ParsedManifest } from '../parse.js';
import type { RawMatrix } from '../schema/raw.js';
import type { YamlTree } from '../yaml/document.js';
import { placesIn, type Path } from '../yaml/places.js';
import { dataAt, dataWith, walk, type MapNode, type Site } from './walk.js';

/** A value of a shot, by names: `prompt`, `duration`, `references[1]`, `provider.options.google-vertex.cfg`, `vars.hero`. */
export interface ValueRef {
  /** The id of a shot as the manifest has it, or as a matrix makes it, or a take of it. */
  readonly shot: string;
  readonly field: string;
}

/** Where a value is written: on the shot, or where other shots may use it too; `none`: nowhere yet. */
export type Origin = 'shot' | 'defaults' | 'anchor' | 'var' | 'matrix' | 'none';

/** Whether a change goes to the place where the value is written, or overrides it on the shot. */
export type Where = 'there' | 'here';

/** A value as the manifest has it, and where an edit of it can go. */
export interface FoundValue {
  /** With its vars as they are written; undefined if there is none. */
  readonly value?: unknown;
  readonly origin: Origin;
  /** The name of the anchor, the var or the list of the matrix. */
  readonly name?: string;
  /** Where it is written; absent if that is nowhere, or on the command line. */
  readonly at?: SourceRange;
  /** One choice only: the edit needs no word about it. */
  readonly choices: readonly Where[];
  /** The vars in its text; each can be edited as `vars.<name>`. */
  readonly vars: readonly string[];
}

/** A found value with the writing of each choice. */
export interface EditableValue extends FoundValue {
  readonly there?: Writing;
  readonly here?: Writing;
}

/** Where an edit is written, and the whole value that is written there for a new value. */
export interface Writing {
  readonly site: Site;
  readonly whole: (value: unknown) => unknown;
}

/** Says where a value of a shot comes from. Throws `usage` if the manifest has no such shot, or its YAML cannot be read. */
export function findValue(
  parsed: ParsedManifest,
  { file, vars: said = {} }: Pick<ManifestReading, 'file' | 'vars'>,
  ref: ValueRef,
): EditableValue {
  const { tree, text } = parsed;
  if (!tree) {
    throw new DailiesError('usage', `the YAML of ${file} has mistakes, so no value of it can be edited`, {
      hint: `mend them first: dailies validate ${file} shows where they are`,
    });
  }
  const home = homeOf(parsed, tree, ref.shot);
  const found = throughVar(inLayers(tree, home, stepsOf(ref.field)), (name) => {
    const named = inLayers(tree, home, ['vars', name]);
    return Object.hasOwn(said, name) && named.origin !== 'matrix' ? undefined : named.there;
  });
  const at = found.there?.site.kind === 'node' ? found.there.site.node.range : undefined;
  return {
    ...found,
    ...(at && { at: placesIn(text, file).span(at[0], at[1]) }),
    choices: (['there', 'here'] as const).filter((where) => found[where] !== undefined),
    vars: varsIn(found.value),
  };
}

/** A value that is nothing but a var is written where the var is; absent where that is the command line. */
function throughVar(found: Layered, varAt: (name: string) => Writing | undefined): Layered {
  const name = typeof found.value === 'string' ? WHOLE_VAR.exec(found.value)?.[1] : undefined;
  if (name === undefined || found.origin === 'matrix') return found;
  const { there, here = there, ...rest } = found;
  return defined({ ...rest, origin: 'var' as const, name, there: varAt(name), here });
}

const WHOLE_VAR = /^\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}$/;

/** A shot of the text. */
interface Home {
  readonly index: number;
  readonly map: MapNode;
  readonly shot: Readonly<Record<string, unknown>>;
  readonly defaults: Readonly<Record<string, unknown>>;
  /** What its matrix gives to it; undefined if the id names several of its combinations. */
  readonly matrix: Readonly<Record<string, unknown>> | undefined;
}

function homeOf({ manifest, soundPart }: ParsedManifest, tree: YamlTree, id: string): Home {
  const takes = (manifest ?? soundPart)?.takes ?? [];
  const isNamed = (take: Take) => [take.shot, take.key, `${take.shot}@${take.take}`].includes(id);
  const written = dataAt(tree.data, ['shots']);
  if (isRecord(written)) {
    throw new DailiesError('usage', `the shots of this manifest are the rows of ${String(written['from'])}`, {
      hint: 'change the row there, or what all of them share in an editor',
    });
  }
  const shots = Array.isArray(written) ? (written as readonly unknown[]) : [];
  const take = takes.find(isNamed) ?? takes.find(({ manifest_id }) => manifest_id === id);
  const index = take?.shot_index ?? shots.findIndex((shot) => isRecord(shot) && shot['id'] === id);
  const shot = shots[index];
  const { node } = walk(tree, tree.root, ['shots', index]);
  if (!isRecord(shot) || !isMap<Node, Node | null>(node)) throw unknownShot(id, takes);
  const defaults = dataAt(tree.data, ['defaults']);
  const isMade = takes.some(({ shot: made, shot_index }) => shot_index === index && made !== take?.shot);
  const isOne = !isMade || (take !== undefined && isNamed(take));
  const matrix = isOne ? (take?.matrix ?? {}) : undefined;
  return { index, map: node, shot, defaults: isRecord(defaults) ? defaults : {}, matrix };
}

function unknownShot(id: string, takes: readonly Take[]): DailiesError {
  const near = nearest(id, new Set(takes.map(({ shot }) => shot)));
  return new DailiesError('usage', `the manifest has no shot ${id}`, {
    hint: near === undefined ? 'name a shot by its id in the manifest' : `did you mean ${near}?`,
  });
}

type Layered = Pick<EditableValue, 'value' | 'origin' | 'name' | 'there' | 'here'>;

/** The value as the layers give it: the matrix wins over the shot, the shot over the defaults, these over the manifest's vars. */
function inLayers(tree: YamlTree, home: Home, words: readonly string[]): Layered {
  const [top = '', name] = words;
  // Vars are merged one by one; any other field of a shot replaces the whole default.
  const isVar = top === 'vars' && name !== undefined;
  const given = isVar ? inMatrix(tree, home, [name]) : inMatrix(tree, home, words);
  if (given) return given;
  const decisive = isVar ? [top, name] : [top];
  const { shot, map } = home;
  if (has(shot, decisive)) return onShot(tree, home, stepsOn(shot, words));
  const layer = [['defaults'], ...(isVar ? [[]] : [])].find((path) => has(dataAt(tree.data, path), decisive));
  if (!layer) return onShot(tree, home, words);

  const base = dataAt(tree.data, layer);
  const path = stepsOn(base, words);
  const { node } = walk(tree, tree.root, [...layer, ...path]);
  const replaced = isVar ? shot[top] : dataAt(base, [top]);
  return defined({
    value: dataAt(base, path),
    origin: node ? (isVar ? ('var' as const) : ('defaults' as const)) : ('none' as const),
    name: isVar ? name : undefined,
    there: node && { site: { kind: 'node' as const, node }, whole: same },
    here:
      isVar && isRecord(replaced)
        ? onShot(tree, home, words).here
        : insertion(map, top, (value) => dataWith(replaced, path.slice(1), value)),
  });
}

function has(data: unknown, path: Path): boolean {
  const [step = '', ...rest] = path;
  if (!isRecord(data) || !Object.hasOwn(data, step)) return false;
  return rest.length === 0 || has(data[step], rest);
}

/** The steps of words that lead into the data as far as they do, and the other words. */
function stepsOn(data: unknown, words: readonly string[]): Path {
  const steps = stepsInto(data, words);
  const known = steps.join('.');
  const depth = words.findIndex((_, index) => words.slice(0, index + 1).join('.') === known) + 1;
  return [...steps, ...words.slice(depth)];
}

/** What the matrix gives wins over the shot, so that it can only be changed there. */
function inMatrix(
  tree: YamlTree,
  { index, shot, defaults, matrix }: Home,
  [name = '', ...rest]: readonly string[],
): Layered | undefined {
  const path = isRecord(shot['matrix']) ? ['shots', index, 'matrix'] : ['defaults', 'matrix'];
  const written = shot['matrix'] ?? defaults['matrix'];
  if (!isRecord(written) || shot['matrix'] === null) return undefined;
  if (!matrix) {
    if (!namesOf(written).has(name)) return undefined;
    throw new DailiesError('usage', `the matrix gives several values of ${name} to this shot`, {
      hint: 'name one of the shots that it makes: dailies status lists their ids',
    });
  }
  if (!Object.hasOwn(matrix, name)) return undefined;
  // The schema has checked it: the matrix of a sound shot is one.
  const placed = { matrix: written as RawMatrix, path };
  const whole = [...pathInMatrix(placed, name, matrix[name]), ...stepsOn(matrix[name], rest)];
  const { node } = walk(tree, tree.root, whole);
  return defined({
    ...{ value: dataAt(tree.data, whole), origin: 'matrix' as const, name },
    there: node && { site: { kind: 'node' as const, node }, whole: same },
  });
}

function namesOf({ include, exclude: _, ...axes }: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const extra = Array.isArray(include) ? (include as readonly unknown[]).filter(isRecord) : [];
  return new Set([...Object.keys(axes), ...extra.flatMap((one) => Object.keys(one))]);
}

function onShot(tree: YamlTree, { map, shot }: Home, path: Path): Layered {
  const { node, left, lacking } = walk(tree, map, path);
  const value = dataAt(shot, path);
  const there = node && { site: { kind: 'node' as const, node }, whole: same };
  if (left) {
    const { site, anchor: name, depth } = left;
    const base = dataAt(shot, path.slice(0, depth));
    const here: Writing = { site, whole: (made) => dataWith(base, path.slice(depth), made) };
    return defined({ value, origin: node ? ('anchor' as const) : ('none' as const), name, there, here });
  }
  if (there) return { value, origin: 'shot', there };
  if (lacking) {
    const rest = path.slice(lacking.depth + 1);
    const key = String(path[lacking.depth]);
    return {
      origin: 'none',
      here: insertion(lacking.map, key, (made) => dataWith(undefined, rest, made)),
    };
  }
  const [parent, shown] = [path.slice(0, -1).join('.'), path.join('.')];
  throw new DailiesError('usage', `there is no place for ${shown} in this shot`, {
    hint: `edit ${parent || shown} as a whole`,
  });
}

function insertion(map: MapNode, key: string, whole: Writing['whole']): Writing {
  return { site: { kind: 'pair', map, key }, whole };
}

function same(value: unknown): unknown {
  return value;
}

function varsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return namesOfVars(value);
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(varsIn))];
}
