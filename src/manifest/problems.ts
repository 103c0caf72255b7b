import { inTextOrder, type Diagnostic, type DiagnosticCode } from '../domain/diagnostic.js';
import { defined } from '../domain/defined.js';
import { isRecord } from '../domain/is-record.js';
import { nearest } from '../domain/nearest.js';
import { maskSignatures } from '../domain/unsigned-url.js';
import type { Path, PlaceOptions, Places } from './yaml/places.js';

/** A finding about the manifest, by the path of the value it is about. */
export interface Problem extends PlaceOptions {
  readonly code: DiagnosticCode;
  /** `error` where absent. */
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  /** Absent: it is about nothing in the text (a value from the command line). */
  readonly path?: Path;
  readonly hint?: string | undefined;
  /** The expanded id of the shot it is about. */
  readonly shot?: string;
}

export type Report = (problem: Problem) => void;

/** More findings than anyone reads: a hostile file must not fill the memory with them. */
const MOST_FINDINGS = 20_000;

/** Collects findings; each place is reported once for each code, however many takes share it. */
export function collectProblems() {
  const found = new Map<string, Diagnostic>();
  const problems = { places: undefined as Places | undefined, report, add, diagnostics };
  return problems;

  function report(problem: Problem): void {
    const { code, severity = 'error', message, path, hint, shot } = problem;
    const at = path && problems.places?.find(path, problem);
    add(defined({ code, severity, message, at, hint, shot }));
  }

  function add(diagnostic: Diagnostic): void {
    const { code, at, message } = diagnostic;
    const key = at ? `${code} ${at.file}:${at.line}:${at.column}` : `${code} ${message}`;
    if (found.size < MOST_FINDINGS && !found.has(key)) found.set(key, diagnostic);
  }

  /** In the order of the text; findings without a place come last. */
  function diagnostics(): readonly Diagnostic[] {
    return inTextOrder([...found.values()]);
  }
}

/** A value as a message quotes it: short, on one line. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isRecord(value)) return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  if (value === null || value === undefined) return 'nothing';
  const text = maskSignatures(JSON.stringify(value));
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

const LONGEST = 60;

/** Completes a message with the name that was most likely meant, if there is one. */
export function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

/** The name that a mistyped one most likely meant, or undefined. */
export type Suggest = (word: string, candidates: () => Iterable<string>) => string | undefined;

/** How many names one manifest may compare: about a second's worth. */
const MOST_COMPARISONS = 300_000;

/**
 * Suggests names until that takes too long: ten thousand mistakes among ten thousand names would take minutes,
 * and nobody reads the ten thousandth suggestion.
 */
export function suggester(): Suggest {
  const known = new Map<string, string | undefined>();
  let comparisons = 0;
  return (word, candidates) => {
    if (known.has(word)) return known.get(word);
    if (comparisons > MOST_COMPARISONS) return undefined;
    const names = [...candidates()];
    comparisons += names.length;
    const meant = nearest(word, names);
    known.set(word, meant);
    return meant;
  };
}
