import { CsvError, parse } from 'csv-parse/sync';

/** A row of a CSV file as it is written. */
export interface RawRow {
  readonly cells: readonly string[];
  /** Where it begins, counted from 1: a quoted cell may go on over several lines. */
  readonly line: number;
}

/** The rows of a CSV file, empty lines left out; with a fault, those before it. */
export interface Cells {
  readonly rows: readonly RawRow[];
  readonly fault?: { readonly message: string; readonly hint: string; readonly line: number };
}

/**
 * Reads the cells of a CSV file (RFC 4180): the header's line says whether commas or semicolons, as spreadsheets write them in
 * some countries, lie between them. Spaces round a cell that is not quoted do not count. Never throws because of the text.
 */
export function readCells(text: string): Cells {
  const rows: RawRow[] = [];
  let line = 1;
  const keep = (cells: string[]): null => {
    if (cells.length > 1 || cells[0] !== '') rows.push({ cells, line });
    line += 1 + cells.reduce((lines, cell) => lines + cell.split('\n').length - 1, 0);
    return null;
  };
  try {
    parse(text, {
      bom: true,
      delimiter: separatorOf(text),
      on_record: keep,
      relax_column_count: true,
      trim: true,
    });
    return { rows };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { rows, fault: { ...quotingFault(error.code), line } };
  }
}

function separatorOf(text: string): ',' | ';' {
  const [header = ''] = text.split(/[\r\n]/, 1);
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}

function quotingFault(code: string): { readonly message: string; readonly hint: string } {
  const message =
    code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quote opens in this row and never closes'
      : code === 'CSV_INVALID_CLOSING_QUOTE'
        ? 'text follows the closing quote of a cell in this row'
        : 'a quote stands in the middle of a cell in this row';
  return {
    message,
    hint: 'a cell with a quote in it is written "in quotes, with ""two"" for each one in it"',
  };
}
