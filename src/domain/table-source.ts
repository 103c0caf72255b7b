import type { DiagnosticCode } from './diagnostic.js';

/** The file of a table that a manifest names, or why there is none to read, in the words of a diagnostic. */
export type TableSource = string | Uint8Array | TableFault;

interface TableFault {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
}

/** The tables of a manifest by the names it has for them. */
export type TableSources = ReadonlyMap<string, TableSource>;

/** Whether a table could not be read. */
export function isTableFault(source: TableSource): source is TableFault {
  return typeof source !== 'string' && 'code' in source;
}
