import { isRecord } from '../../domain/is-record.js';
import { isTableFault, type TableSource, type TableSources } from '../../domain/table-source.js';
import { insidePath } from '../addresses.js';
import type { Report } from '../problems.js';
import type { Path, Places } from '../yaml/places.js';
import { readManifestText } from '../yaml/text.js';
import { readCells } from './read-cells.js';
import { readTable } from './read-table.js';
import { cellPath, HEADER, type Table } from './table.js';

/** A table as a manifest names it, and where. */
interface NamedTable {
  readonly name: string;
  readonly path: Path;
}

const NOT_HANDED_IN: TableSource = { code: 'file-missing', message: 'the table was not handed in' };

const OF_TABLE = {
  tooLarge: 'split the table, and the project with it',
  binary: 'a table is CSV text in UTF-8: export it again from the spreadsheet as CSV UTF-8',
};

/** The tables that a manifest's data names, each once; none whose name leads out of the manifest's folder. */
export function namedTables(data: unknown): readonly NamedTable[] {
  if (!isRecord(data)) return [];
  const { shots, defaults } = data;
  const named = Array.isArray(shots)
    ? shots.map((shot: unknown, index) => ({
        holder: matrixIn(shot),
        path: ['shots', index, 'matrix', 'from'],
      }))
    : [{ holder: shots, path: ['shots', 'from'] }];
  const all = [...named, { holder: matrixIn(defaults), path: ['defaults', 'matrix', 'from'] }];
  const tables = all.flatMap(({ holder, path }) => {
    const name = isRecord(holder) ? holder['from'] : undefined;
    return typeof name === 'string' ? [{ name, path }] : [];
  });
  return [...new Map(tables.map((table) => [table.name, table])).values()];
}

function matrixIn(shot: unknown): unknown {
  return isRecord(shot) ? shot['matrix'] : undefined;
}

/** The tables among the named ones whose file lies in the manifest's folder, judged by their names alone. */
export function insideTables(named: readonly NamedTable[]): readonly string[] {
  return named.flatMap(({ name }) => (insidePath(name).ok ? [name] : []));
}

/** Reads the tables of a manifest into `tables`, and the lines of their rows into `lines`. What is wrong with one is reported. */
export function readTables(
  named: readonly NamedTable[],
  into: {
    readonly sources: TableSources;
    readonly tables: Map<string, Table>;
    readonly lines: Map<string, readonly number[]>;
    readonly report: Report;
    readonly places: Places;
  },
): void {
  const { sources, tables, lines, report, places } = into;
  for (const { name, path } of named) {
    const inside = insidePath(name);
    if (!inside.ok) {
      const { code, message } = inside.fault;
      report({ code, message, hint: 'copy the table beside the manifest', path });
      continue;
    }
    const source: TableSource = sources.get(name) ?? NOT_HANDED_IN;
    if (isTableFault(source)) {
      report({ ...source, path });
      continue;
    }
    const { text, fault } = readManifestText(source, OF_TABLE);
    if (fault) {
      const { message, hint } = fault;
      report({ code: 'table-invalid', message, hint, path: cellPath(name, HEADER) });
      continue;
    }
    const cells = readCells(text);
    lines.set(name, [...cells.rows.slice(1).map(({ line }) => line), cells.fault?.line ?? 1]);
    const table = readTable({ name, ...cells }, { report, places });
    if (table) tables.set(name, table);
  }
}
