import { nearest } from '../domain/nearest.js';
import type { Path } from './places.js';
import type { Report } from './problems.js';
import { show } from './show.js';

/** A name and its text, and where the text is written (absent: on the command line). */
export interface Var {
  readonly text: string;
  readonly path?: () => Path;
}

/** The vars that a text may use. */
export interface Scope {
  readonly find: (name: string) => Var | undefined;
  readonly names: () => Iterable<string>;
}

/** Puts vars into texts; remembers which were used. */
export interface Substitution {
  /** The text with its vars put in. Faults are reported at `path`; the placeholder then stays as it is. */
  readonly text: (text: string, path: Path) => string;
  /** The same for each text within a value; a value without placeholders is returned as it is. */
  readonly value: (value: unknown, path: Path) => unknown;
}

/** Longer than any prompt may be: stops vars that double each other. */
const LONGEST_TEXT = 200_000;

const PLACEHOLDER = /^\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}/;

/** `shape` changes the text of each var before it is put in (an id takes it as a slug). */
export function substitution(parts: {
  readonly scope: Scope;
  readonly report: Report;
  readonly used: Set<string>;
  readonly shape?: (text: string, name: string) => string;
}): Substitution {
  const { scope, report, used, shape = (text: string) => text } = parts;
  // Vars may name vars: each is unfolded once, or a chain that doubles at each link would never end.
  const unfolded = new Map<string, string>();
  return { text: (text, path) => expand(text, { path, open: [] }), value };

  function value(given: unknown, path: Path): unknown {
    if (typeof given === 'string') return expand(given, { path, open: [] });
    if (typeof given !== 'object' || given === null) return given;
    const entries = Object.entries(given as Readonly<Record<string, unknown>>);
    const changed = entries.map(([key, inner]) => [key, value(inner, [...path, key])] as const);
    if (changed.every(([, inner], index) => inner === entries[index]?.[1])) return given;
    return Array.isArray(given) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
  }

  /** `open`: the vars whose own text is being expanded. */
  function expand(
    text: string,
    at: { readonly path: Path | undefined; readonly open: readonly string[] },
  ): string {
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
        badPlaceholder(tail, at.path);
        result += '{{';
        rest = next + 2;
      }
    }
    return result + text.slice(rest);
  }

  function lookUp(
    name: string,
    at: { readonly path: Path | undefined; readonly open: readonly string[]; readonly placeholder: string },
  ): string {
    const { path, open, placeholder } = at;
    const place = path ? { path, needle: placeholder } : {};
    const found = scope.find(name);
    used.add(name);
    const known = unfolded.get(name);
    if (known !== undefined) return known;
    if (!found) {
      const meant = nearest(name, scope.names());
      const hint =
        meant === undefined
          ? 'define it under vars:, or with --var; a literal {{ is written {{{{'
          : `did you mean {{${meant}}}?`;
      report({ code: 'unknown-var', message: `no var is called ${show(name)}`, hint, ...place });
      return placeholder;
    }
    if (open.includes(name)) {
      const circle = [...open.slice(open.indexOf(name)), name].join(' → ');
      report({ code: 'unknown-var', message: `the var ${name} stands for itself: ${circle}`, ...place });
      return placeholder;
    }
    // What comes from the command line is taken word for word.
    const text = found.path ? expand(found.text, { path: found.path(), open: [...open, name] }) : found.text;
    if (text.length > LONGEST_TEXT) {
      report({
        code: 'invalid-value',
        message: `the var ${name} unfolds to more text than a prompt may have`,
        ...place,
      });
      return '';
    }
    const shaped = shape(text, name);
    unfolded.set(name, shaped);
    return shaped;
  }

  function badPlaceholder(tail: string, path: Path | undefined): void {
    const hint = 'a var is {{name}}, with letters, digits, "_" and "-"; a literal {{ is written {{{{';
    const needle = /^\{\{[^\s{}]*\s*[^\s{}]*/.exec(tail)?.[0] ?? '{{';
    report({
      code: 'unknown-var',
      message: 'braces open a var here, but no name follows',
      hint,
      ...(path ? { path, needle } : {}),
    });
  }
}

/** A scope of layers: the earlier win. */
export function scopeOf(layers: readonly ReadonlyMap<string, Var>[]): Scope {
  return {
    find: (name) => layers.find((layer) => layer.has(name))?.get(name),
    names: () => new Set(layers.flatMap((layer) => [...layer.keys()])),
  };
}

/** The vars of a map in the manifest that stands at `path`. */
export function varsAt(
  vars: Readonly<Record<string, unknown>> | null | undefined,
  path: Path,
): Map<string, Var> {
  const entries = Object.entries(vars ?? {});
  return new Map(
    entries.map(([name, value]) => [name, { text: String(value), path: () => [...path, name] }]),
  );
}
