import { pad, textWidth, wrap } from './text.js';

/** One line of a table: aligned cells, and a last cell that takes the room that is left. Cells may be coloured. */
export interface TableRow {
  readonly cells: readonly string[];
  /** Plain text; wrapped under itself where the line ends. */
  readonly rest?: string;
  readonly paintRest?: (text: string) => string;
  /** A line of its own below, never broken: a command must stay one line to be copied. */
  readonly note?: string | undefined;
  /** Plain text below, of as many lines as it takes. */
  readonly advice?: string | undefined;
  readonly paintAdvice?: (text: string) => string;
}

export interface TableOptions {
  /** Columns that the table may fill; Infinity: as wide as it is. */
  readonly width: number;
  readonly indent?: string;
  /** Indexes of the cells that hold figures. */
  readonly right?: ReadonlySet<number>;
  /** Cells to leave out, first to last, if the rest would have less room than it needs. */
  readonly droppable?: readonly number[];
}

/** The least room in which a sentence still reads well beside other cells. */
const COMFORTABLE_REST = 22;
/** The least room in which it can be read at all. */
const TIGHT_REST = 18;
const GAP = 2;

/** Lays rows out in columns; drops optional cells before it breaks a line. */
export function tableLines(rows: readonly TableRow[], options: TableOptions): string[] {
  const indent = options.indent ?? '  ';
  const widths = columnWidths(rows);
  const shown = shownColumns(rows, widths, options, indent.length);
  const cellsWidth = indent.length + spanOf(shown, widths);
  const room = options.width - cellsWidth - GAP;
  // With hardly any room beside the cells, the sentence goes below them.
  const longestRest = widestRest(rows);
  const below = room < Math.min(longestRest, TIGHT_REST);
  const belowIndent = ' '.repeat(indent.length + 4);
  const roomBelow = options.width - belowIndent.length;
  return rows.flatMap((row) => {
    const cells = shown.map((index) =>
      pad(row.cells[index] ?? '', widths[index] ?? 0, options.right?.has(index) === true ? 'right' : 'left'),
    );
    const line = indent + cells.join(' '.repeat(GAP));
    const paint = row.paintRest ?? ((text: string) => text);
    // A path that would be broken beside the cells stays whole below them.
    const word = longestWord(row.rest ?? '');
    const isBelow = below || (word > room && word <= roomBelow);
    const rest = row.rest ? wrap(row.rest, isBelow ? roomBelow : room).map(paint) : [];
    const advice = row.advice === undefined ? [] : wrap(row.advice, roomBelow);
    const notes = [
      ...(row.note === undefined ? [] : [belowIndent + row.note]),
      ...advice.map((text) => belowIndent + (row.paintAdvice ?? String)(text)),
    ];
    if (isBelow) return [line.trimEnd(), ...rest.map((text) => belowIndent + text), ...notes];
    const [first = '', ...more] = rest;
    const firstLine = first === '' ? line.trimEnd() : line + ' '.repeat(GAP) + first;
    const restIndent = ' '.repeat(cellsWidth + GAP);
    return [firstLine, ...more.map((text) => restIndent + text), ...notes];
  });
}

function columnWidths(rows: readonly TableRow[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.cells.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, textWidth(cell));
    });
  }
  return widths;
}

function widestRest(rows: readonly TableRow[]): number {
  return rows.reduce((most, row) => Math.max(most, textWidth(row.rest ?? '')), 0);
}

function longestWord(text: string): number {
  return text.split(' ').reduce((most, word) => Math.max(most, textWidth(word)), 0);
}

function shownColumns(
  rows: readonly TableRow[],
  widths: readonly number[],
  options: TableOptions,
  indentWidth: number,
): number[] {
  const wanted = Math.min(widestRest(rows), COMFORTABLE_REST);
  // A column that no row fills would be a gap.
  let shown = widths.flatMap((width, index) => (width > 0 ? [index] : []));
  for (const dropped of options.droppable ?? []) {
    const room = options.width - indentWidth - spanOf(shown, widths) - GAP;
    if (room >= wanted) break;
    shown = shown.filter((index) => index !== dropped);
  }
  return shown;
}

function spanOf(shown: readonly number[], widths: readonly number[]): number {
  return shown.reduce((sum, index) => sum + (widths[index] ?? 0), Math.max(0, shown.length - 1) * GAP);
}
