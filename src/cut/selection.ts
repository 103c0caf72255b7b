import { createHash } from 'node:crypto';
import type { Take } from '../domain/take.js';
import { idPart } from '../manifest/expand/ids.js';

/** Which shots make a film. */
export interface Selection {
  /** Shot ids, manifest ids or take keys. */
  readonly only?: readonly string[];
  /** Values of a matrix or a table by their names: `{ lang: 'de' }`. */
  readonly where?: Readonly<Record<string, string>>;
}

/**
 * The takes of the shots with these values. A shot whose matrix lacks a name is in the film of every value: a title card that
 * all languages share, say.
 */
export function takesWhere(takes: readonly Take[], where: Readonly<Record<string, string>>): Take[] {
  const wanted = Object.entries(where);
  return takes.filter((take) =>
    wanted.every(([name, value]) => [undefined, value].includes(valueOf(take, name))),
  );
}

/** The values that shots have for a name, in the order of the manifest. */
export function valuesOf(takes: readonly Take[], name: string): string[] {
  return [...new Set(takes.flatMap((take) => valueOf(take, name) ?? []))];
}

/** The names that shots have values for. */
export function namesOfValues(takes: readonly Take[]): string[] {
  return [...new Set(takes.flatMap(({ matrix }) => Object.keys(matrix)))];
}

function valueOf({ matrix }: Take, name: string): string | undefined {
  if (!Object.hasOwn(matrix, name)) return undefined;
  const value = matrix[name];
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const LONGEST_NAME = 80;

/** What a selected film is called behind its project: `de`, `platform.trail`; empty for the whole film. */
export function selectionName({ only = [], where = {} }: Selection): string {
  const parts = [...Object.entries(where), ...only.map((id) => ['id', id] as const)];
  const name = parts.map(([key, text]) => `.${idPart(key, text)}`).join('');
  if (name.length <= LONGEST_NAME) return name;
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 6);
  return `${name.slice(0, LONGEST_NAME)}-${hash}`;
}
