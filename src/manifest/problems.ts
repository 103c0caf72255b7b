import { inTextOrder, type Diagnostic, type DiagnosticCode } from '../domain/diagnostic.js';
import type { Path, PlaceOptions, Places } from './yaml/places.js';

/** A finding about the manifest, by the path of the value it is about. */
export interface Problem extends PlaceOptions {
  readonly code: DiagnosticCode;
  /** `error` where absent. */
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  /** Absent: it is about nothing in the text (a value from the command line). */
  readonly path?: Path;
  readonly hint?: string;
  /** The expanded id of the shot it is about. */
  readonly shot?: string;
}

export type Report = (problem: Problem) => void;

/** Gathers findings; one place is found fault with once for each code, however many takes meet there. */
export interface Problems {
  readonly report: Report;
  readonly add: (diagnostic: Diagnostic) => void;
  /** In the order of the text; what has no place comes last. */
  readonly diagnostics: () => readonly Diagnostic[];
}

/** More findings than anyone reads: a hostile file must not fill the memory with them. */
const MOST_FINDINGS = 20_000;

export function collectProblems(): Problems & { places: Places | undefined } {
  const found = new Map<string, Diagnostic>();
  const problems = { places: undefined as Places | undefined, report, add, diagnostics };
  return problems;

  function report(problem: Problem): void {
    const { code, severity = 'error', message, path, hint, shot } = problem;
    const at = path && problems.places?.find(path, problem);
    add({
      code,
      severity,
      message,
      ...(at ? { at } : {}),
      ...(hint === undefined ? {} : { hint }),
      ...(shot === undefined ? {} : { shot }),
    });
  }

  function add(diagnostic: Diagnostic): void {
    const { code, at, message } = diagnostic;
    const key = at ? `${code} ${at.line}:${at.column}` : `${code} ${message}`;
    if (found.size < MOST_FINDINGS && !found.has(key)) found.set(key, diagnostic);
  }

  function diagnostics(): readonly Diagnostic[] {
    return inTextOrder([...found.values()]);
  }
}
