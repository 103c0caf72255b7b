/** A stretch of a text file, 1-based, the end exclusive: where a diagnostic points. */
export interface SourceRange {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** On the same line; absent if the length is not known. */
  readonly end_column?: number;
}

/** Every code a diagnostic can have; each has a row in docs/errors.md. */
export type DiagnosticCode =
  // the file and its YAML
  | 'manifest-unreadable'
  | 'yaml-syntax'
  | 'yaml-multiple-documents'
  | 'yaml-alias-bomb'
  // the shape
  | 'unknown-key'
  | 'missing-key'
  | 'wrong-type'
  | 'invalid-value'
  | 'unsupported-version'
  // shots
  | 'duplicate-id'
  | 'unsafe-id'
  | 'type-mismatch'
  | 'prompt-required'
  | 'prompt-cut'
  | 'conflicting-fields'
  | 'insecure-url'
  | 'unsupported-url'
  | 'private-url'
  // vars, matrix, takes
  | 'unknown-var'
  | 'matrix-invalid'
  | 'matrix-too-large'
  | 'table-invalid'
  | 'output-collision'
  | 'output-template'
  | 'cap-unused'
  // the graph
  | 'unknown-shot'
  | 'shot-cycle'
  | 'frame-tool-missing'
  // local and remote inputs
  | 'path-outside'
  | 'file-missing'
  | 'file-unreadable'
  | 'file-too-large'
  | 'file-type'
  | 'url-unreachable'
  | 'url-not-media'
  | 'url-redirect'
  // capabilities
  | 'model-unknown'
  | 'duration-unsupported'
  | 'resolution-unsupported'
  | 'aspect-ratio-unsupported'
  | 'size-unsupported'
  | 'frame-unsupported'
  | 'audio-unsupported'
  | 'seed-unsupported'
  | 'upscale-unsupported'
  | 'creativity-unsupported'
  | 'passthrough-unsupported'
  | 'references-unconfirmed'
  | 'capability-unknown'
  // prices and the catalogue
  | 'price-unknown'
  | 'catalogue-stale'
  | 'catalogue-unavailable'
  // state and disk
  | 'file-not-ours'
  | 'report-not-ours'
  | 'state-repaired'
  | 'batch-stopped'
  | 'names-are-copies'
  | 'file-changed'
  | 'disk-space';

/** In the order of the text; findings without a place come last. */
export function inTextOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => {
    const [fileA = '', fileB = ''] = [a.at?.file, b.at?.file];
    if (a.at && b.at && fileA !== fileB) return fileA < fileB ? -1 : 1;
    const [lineA, lineB] = [a.at?.line ?? Infinity, b.at?.line ?? Infinity];
    return lineA === lineB ? (a.at?.column ?? 0) - (b.at?.column ?? 0) : lineA < lineB ? -1 : 1;
  });
}

/** One finding about a manifest: what is wrong, where, and what to do about it. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  /** What is wrong, in one sentence that names the values. */
  readonly message: string;
  readonly at?: SourceRange;
  /** What to do, in one sentence. */
  readonly hint?: string;
  /** The expanded id of the shot it is about, if any. */
  readonly shot?: string;
}
