import type { Path, Places } from '../yaml/places.js';
import { show, type Report, type Suggest } from '../problems.js';

/** Where something is written; computed only if a fault is reported there. */
export type Where = () => Path;

/** A name and its text, and where the text is written (absent: on the command line). */
export interface Var {
  readonly text: string;
  readonly where?: Where;
}

/** The vars that a text may use. */
export interface Scope {
  readonly find: (name: string) => Var | undefined;
  readonly names: () => Iterable<string>;
  /** What to say of a name that this combination lacks, and others of its matrix have. */
  readonly lackOf?: (name: string) => Lack | undefined;
  /** Vars were dropped as faulty: a name without one may have had it. */
  readonly suspect: boolean;
}

/** A name without a value. `path`: where the value belongs, if that is elsewhere than the text that uses it. */
export interface Lack {
  readonly message: string;
  readonly hint: string;
  readonly path?: Path;
}

/** Inserts vars into texts. */
export interface Substitution {
  /** The text with its vars inserted. A faulty placeholder is reported and stays as it is. */
  readonly text: (text: string, where: Where) => string;
  /** The same for each text within a value; a value without placeholders is returned as it is. */
  readonly value: (value: unknown, where: Where) => unknown;
}

/** Longer than any prompt may be: stops vars that keep doubling. */
const LONGEST_TEXT = 200_000;

const PLACEHOLDER = /^\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}/;

/**
 * Substitution from a scope. `used` collects the names that were used; `shape` changes the text of each var
 * before it is inserted (an id takes it as a slug).
 */
export function substitution(parts: {
  readonly scope: Scope;
  readonly report: Report;
  readonly suggest: Suggest;
  readonly used: Set<string>;
  readonly shape?: (text: string, name: string) => string;
}): Substitution {
  const { scope, report, suggest, used, shape = (text: string) => text } = parts;
  // Vars may name vars: each is expanded once, or a chain that doubles at each link would never end.
  const unfolded = new Map<string, string>();
  return { text: (text, where) => expand(text, { where, open: [] }), value };

  function value(given: unknown, where: Where): unknown {
    if (typeof given === 'string') return expand(given, { where, open: [] });
    if (typeof given !== 'object' || given === null) return given;
    const entries = Object.entries(given as Readonly<Record<string, unknown>>);
    for (const [key] of entries) if (key.includes('{{')) varInKey([...where(), key]);
    const changed = entries.map(([key, inner]) => [key, value(inner, () => [...where(), key])] as const);
    if (changed.every(([, inner], index) => inner === entries[index]?.[1])) return given;
    return Array.isArray(given) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
  }

  /** `open`: the vars whose own text is being expanded. */
  function expand(text: string, at: { readonly where: Where; readonly open: readonly string[] }): string {
    let next = text.indexOf('{{');
    if (next < 0) return text;
    let result = '';
    let rest = 0;
    for (; next >= 0 && result.length <= LONGEST_TEXT; next = text.indexOf('{{', rest)) {
      result += text.slice(rest, next);
      const tail = text.slice(next, next + 200);
      const name = PLACEHOLDER.exec(tail)?.[1];
      if (tail.startsWith('{{{{')) {
        result += '{{';
        rest = next + 4;
      } else if (name !== undefined) {
        rest = next + tail.indexOf('}}') + 2;
        result += lookUp(name, { ...at, placeholder: text.slice(next, rest) });
      } else if (tail.startsWith('{{{')) {
        result += '{';
        rest = next + 1;
      } else {
        badPlaceholder(tail, at.where);
        result += '{{';
        rest = next + 2;
      }
    }
    return result + text.slice(rest);
  }

  function lookUp(
    name: string,
    at: { readonly where: Where; readonly open: readonly string[]; readonly placeholder: string },
  ): string {
    const { where, open, placeholder } = at;
    const unknown = (message: string, hint?: string, path = where()): string => {
      report({ code: 'unknown-var', message, hint, path, needle: placeholder });
      return placeholder;
    };
    used.add(name);
    const known = unfolded.get(name);
    if (known !== undefined) return known;
    const found = scope.find(name);
    if (!found && scope.suspect) return placeholder;
    const lack = found ? undefined : scope.lackOf?.(name);
    if (lack) return unknown(lack.message, lack.hint, lack.path);
    if (!found) {
      const meant = suggest(name, scope.names);
      const hint =
        meant === undefined
          ? 'define it under vars:, or with --var; a literal {{ is written {{{{'
          : `did you mean {{${meant}}}?`;
      return unknown(`no var is called ${show(name)}`, hint);
    }
    if (open.includes(name)) {
      const circle = [...open.slice(open.indexOf(name)), name].join(' → ');
      return unknown(`the var ${name} refers to itself: ${circle}`);
    }
    // A value from the command line is taken literally.
    const text = found.where ? expand(found.text, { where: found.where, open: [...open, name] }) : found.text;
    if (text.length > LONGEST_TEXT) {
      const message = `the var ${name} expands to more text than a prompt may have`;
      report({ code: 'invalid-value', message, path: where(), needle: placeholder });
      return placeholder;
    }
    const shaped = shape(text, name);
    unfolded.set(name, shaped);
    return shaped;
  }

  function varInKey(path: Path): void {
    const message = 'a var is put into values, not into keys';
    report({ code: 'invalid-value', message, path, on: 'key', hint: 'write the key out' });
  }

  function badPlaceholder(tail: string, where: Where): void {
    report({
      code: 'unknown-var',
      message: 'these braces start a var, but no name follows',
      path: where(),
      needle: /^\{\{[^\s{}]*\s*[^\s{}]*/.exec(tail)?.[0] ?? '{{',
      hint: 'a var is {{name}}, with letters, digits, "_" and "-"; a literal {{ is written {{{{',
    });
  }
}

/** The names of the vars in a text, each once. */
export function namesOfVars(text: string): readonly string[] {
  const used = new Set<string>();
  const scope: Scope = { find: () => undefined, names: () => [], suspect: true };
  const vars = substitution({ scope, report: () => undefined, suggest: () => undefined, used });
  vars.text(text, () => []);
  return [...used];
}

/** A scope of layers: an earlier layer wins. */
export function scopeOf(layers: readonly ReadonlyMap<string, Var>[], suspect: boolean): Scope {
  return {
    suspect,
    find: (name) => layers.find((layer) => layer.has(name))?.get(name),
    names: () => new Set(layers.flatMap((layer) => [...layer.keys()])),
  };
}

/** The vars of a map in the manifest that stands at `path`. */
export function varsAt(
  vars: Readonly<Record<string, unknown>> | null | undefined,
  path: Path,
  places: Places,
): ReadonlyMap<string, Var> {
  if (!vars) return NO_VARS;
  const entries = Object.entries(vars);
  return new Map(
    entries.map(([name, value]) => {
      const where = (): Path => [...path, name];
      return [name, { text: textOf(value, where, places), where }];
    }),
  );
}

/** A value as text. YAML reads numbers and booleans; what the model is told is what the manifest has: `49.00`, `007`, `True`. */
export function textOf(value: unknown, where: Where, places: Places): string {
  return typeof value === 'string' ? value : (places.written(where()) ?? String(value));
}

export const NO_VARS: ReadonlyMap<string, Var> = new Map();
