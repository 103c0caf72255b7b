import type { SourceRange } from '../../domain/diagnostic.js';
import type { Path, Places } from '../yaml/places.js';
import type { RawCombination } from '../schema/raw.js';

/** One row of a table: what it gives, by column. An empty cell gives nothing. */
export interface TableRow {
  readonly values: RawCombination;
  /** The cells letter for letter: `08`, where the value is 8. */
  readonly cells: ReadonlyMap<string, string>;
  /** Counts from 1, in the file. */
  readonly line: number;
}

/** A table that shots are made from. */
export interface Table {
  /** As the manifest names it. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

/** The tables of a manifest by the names it has for them; a table that cannot be used is absent. */
export type Tables = ReadonlyMap<string, Table>;

/** Stands for the row of the header in a path. */
export const HEADER = -1;

/** The path of a cell, or of a row: no key of a manifest is called `tables`. */
export function cellPath(table: string, row: number, column?: string): Path {
  return column === undefined ? ['tables', table, row] : ['tables', table, row, column];
}

/** The table's file as messages name it: beside the manifest. */
function tableFile(manifest: string, table: string): string {
  return manifest.replace(/[^/\\]*$/, '') + table;
}

/** Places that also know the rows of tables. `lines`: those of each table, as far as it was read. */
export function withTables(
  places: Places,
  { manifest, tables, lines }: { readonly manifest: string; readonly tables: Tables; readonly lines: Lines },
): Places {
  return {
    ...places,
    find: (path, options): SourceRange => {
      const cell = cellAt(path);
      if (!cell) return places.find(path, options);
      const line = lines.get(cell.table)?.[cell.row] ?? 1;
      return { file: tableFile(manifest, cell.table), line, column: 1 };
    },
    written: (path) => {
      const cell = cellAt(path);
      return cell ? tables.get(cell.table)?.rows[cell.row]?.cells.get(cell.column) : places.written(path);
    },
  };
}

/** The line of each row, by the name of its table. */
export type Lines = ReadonlyMap<string, readonly number[]>;

function cellAt([top, table, row, column]: Path) {
  if (top !== 'tables' || typeof table !== 'string' || typeof row !== 'number') return undefined;
  return { table, row, column: String(column) };
}

/** Places of the only shot of a manifest whose shots are the rows of a table: its fields stand below `shots` itself. */
export function asOneShot(places: Places): Places {
  const own = (path: Path): Path => {
    const [top, index, field, ...rest] = path;
    if (top !== 'shots' || index !== 0) return path;
    if (field === undefined) return ['shots'];
    return field === 'matrix' ? ['shots', 'from'] : ['shots', field, ...rest];
  };
  return {
    ...places,
    find: (path, options) => places.find(own(path), options),
    written: (path) => places.written(own(path)),
  };
}
