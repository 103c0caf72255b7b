import { foldCase } from '../../domain/fold-case.js';
import { isRecord } from '../../domain/is-record.js';
import { fieldSchemas } from '../../domain/manifest-schema.js';
import { checkRow } from '../schema/check.js';
import { isField } from '../schema/fields.js';
import { show, type Report } from '../problems.js';
import type { Places } from '../yaml/places.js';
import type { Cells, RawRow } from './read-cells.js';
import { cellPath, HEADER, type Table, type TableRow } from './table.js';

/**
 * Turns the cells of a CSV file into a table. A column that is called as a field of a shot gives that field; all others are
 * vars. Faults are reported at their rows; with one, there is no table.
 */
export function readTable(
  { name, rows: written, fault }: Cells & { readonly name: string },
  into: { readonly report: Report; readonly places: Places },
): Table | undefined {
  const { places } = into;
  const faults: unknown[] = [];
  const report: Report = (problem) => {
    if (problem.severity !== 'warning') faults.push(problem);
    into.report(problem);
  };
  const [header, ...body] = written;
  if (fault) {
    const { message, hint } = fault;
    report({
      code: 'table-invalid',
      message,
      hint,
      path: cellPath(name, written.length === 0 ? HEADER : body.length),
    });
    return undefined;
  }
  if (!header || body.length === 0) {
    const message = header ? 'the table has a header and no rows' : 'the table is empty';
    const hint = 'the first line names the columns, and each further line makes a shot';
    report({ code: 'table-invalid', message, hint, path: cellPath(name, HEADER) });
    return undefined;
  }
  const columns = checkHeader(header, name, report);
  const rows = body.map((row, index) => readRow(row, index));
  return faults.length === 0 ? { name, columns: columns.filter((column) => column !== ''), rows } : undefined;

  function readRow({ cells, line }: RawRow, index: number): TableRow {
    const path = cellPath(name, index);
    if (cells.length !== columns.length) {
      const message = `the row has ${cells.length} cells, and the header has ${columns.length}`;
      const hint =
        'quote a cell that has a comma or a semicolon in it, and leave no cell out: it may be empty';
      report({ code: 'table-invalid', message, hint, path });
      return { values: {}, cells: new Map(), line };
    }
    const filled = cells.flatMap((cell, place) =>
      cell === '' ? [] : [[columns[place] ?? '', cell] as const],
    );
    if (filled.some(([column]) => column === '')) {
      const message = 'a cell of this row stands below a column without a name';
      report({ code: 'table-invalid', message, hint: 'name the column in the first line', path });
    }
    const own = new Map(filled);
    const values = Object.fromEntries(filled.map(([column, cell]) => [column, valueOf(column, cell)]));
    const known: TableRow = { values, cells: own, line };
    checkRow(values, path, { report, places: { ...places, written: (at) => own.get(String(at.at(-1))) } });
    return known;
  }
}

/** The columns' names; reports those that are there twice, or cannot be used in `{{…}}`. */
function checkHeader({ cells }: RawRow, table: string, report: Report): readonly string[] {
  const seen = new Map<string, string>();
  const path = cellPath(table, HEADER);
  for (const column of cells) {
    if (column === '') continue;
    const other = seen.get(foldCase(column));
    if (other !== undefined) {
      const message = `two columns are called ${other}${other === column ? '' : ` and ${column}`}`;
      report({ code: 'table-invalid', message, hint: 'each column needs a name of its own', path });
    }
    seen.set(foldCase(column), column);
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(column)) {
      const message = `no text can use a column called ${show(column)}`;
      const hint = 'a name has letters from a to z, digits, "_" and "-", and begins with a letter or "_"';
      report({ code: 'table-invalid', message, hint, path });
    } else if (isField(column) && !isWritable(column)) {
      const message = `a cell cannot hold ${column}, which is a list or a map`;
      const hint = `rename the column, and write ${column}: on the shot, with {{…}} in it`;
      report({ code: 'table-invalid', message, hint, path });
    }
  }
  return cells;
}

/** Whether a field may be a text, a number or a boolean. */
function isWritable(field: string): boolean {
  return (
    typesOf(field).some((type) => ['string', 'integer', 'number', 'boolean'].includes(type)) ||
    hasWords(field)
  );
}

function hasWords(field: string): boolean {
  return Array.isArray(fieldSchemas[field]?.['enum']);
}

function typesOf(field: string): readonly string[] {
  const schema = fieldSchemas[field];
  const types: unknown = isRecord(schema) ? schema['type'] : undefined;
  return (Array.isArray(types) ? types : [types]).filter((type) => typeof type === 'string');
}

/** A cell's value: of a field by the field's type, otherwise its text. What does not fit stays text, and the schema says so. */
function valueOf(column: string, cell: string): unknown {
  if (!isField(column)) return cell;
  const types = typesOf(column);
  // Spreadsheets write TRUE.
  if (types.includes('boolean') && /^(?:true|false)$/i.test(cell)) return cell.toLowerCase() === 'true';
  const isNumber = types.includes('integer') || types.includes('number');
  return isNumber && /^-?\d+(?:\.\d+)?$/.test(cell) ? Number(cell) : cell;
}
