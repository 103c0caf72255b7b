/**
 * A terminal as far as progress needs one, for characters of one column: it wraps, scrolls, moves up, erases a row, and reflows what it has
 * wrapped when it is resized, as tmux, VTE, kitty and Windows Terminal do.
 */
export interface Terminal {
  write(text: string): void;
  resize(columns: number, rows: number): void;
  readonly columns: number;
  readonly rows: number;
  /** All rows ever shown, scrolled away or not, without the empty ones at the end. */
  lines(): string[];
  /** The rows in the window. */
  screen(): string[];
  /** How many writes there were. */
  readonly writes: number;
}

const ESCAPE = '\x1b';
/** Moving up, erasing a row, colours; anything else is a character. */
const TOKEN = new RegExp(`${ESCAPE}\\[(?:(\\d*)(A)|(2K)|\\d+m)|[\r\n]|[^${ESCAPE}\r\n]+`, 'g');

interface Row {
  text: string;
  /** The text goes on in the next row. */
  wrapped: boolean;
}

export function createTerminal(columns: number, rows: number): Terminal {
  let grid: Row[] = [{ text: '', wrapped: false }];
  let row = 0;
  let column = 0;
  let writes = 0;
  const size = { columns, rows };
  const at = (index: number): Row => (grid[index] ??= { text: '', wrapped: false });

  const print = (text: string): void => {
    for (let rest = text; rest !== '';) {
      if (column >= size.columns) {
        at(row).wrapped = true;
        row += 1;
        column = 0;
      }
      const line = at(row);
      // Rows are overwritten only after they were erased, so appending is enough.
      if (line.text.length !== column)
        throw new Error(`overwrites ${JSON.stringify(line.text)} at ${column}`);
      const piece = rest.slice(0, size.columns - column);
      line.text += piece;
      column += piece.length;
      rest = rest.slice(piece.length);
    }
  };

  const write = (text: string): void => {
    writes += 1;
    for (const [token, up = '', moves, erases] of text.matchAll(TOKEN)) {
      if (moves !== undefined) row = Math.max(0, grid.length - size.rows, row - (Number(up) || 1));
      else if (erases !== undefined) grid[row] = { text: '', wrapped: false };
      else if (token === '\r') column = 0;
      else if (token === '\n') {
        row += 1;
        column = 0;
        at(row);
      } else if (!token.startsWith(ESCAPE)) print(token);
    }
  };

  const resize = (newColumns: number, newRows: number): void => {
    size.columns = newColumns;
    size.rows = newRows;
    const paragraphs: string[] = [];
    let cursorParagraph = 0;
    let open = false;
    grid.forEach((line, index) => {
      if (open) paragraphs.push((paragraphs.pop() ?? '') + line.text);
      else paragraphs.push(line.text);
      open = line.wrapped;
      if (index === row) cursorParagraph = paragraphs.length - 1;
    });
    grid = [];
    paragraphs.forEach((paragraph, index) => {
      for (let start = 0; start === 0 || start < paragraph.length; start += newColumns) {
        const text = paragraph.slice(start, start + newColumns);
        grid.push({ text, wrapped: start + newColumns < paragraph.length });
      }
      if (index === cursorParagraph) {
        row = grid.length - 1;
        column = at(row).text.length;
      }
    });
  };

  const lines = (): string[] => {
    const texts = grid.map((line) => line.text.trimEnd());
    while (texts.at(-1) === '') texts.pop();
    return texts;
  };

  return {
    write,
    resize,
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    get writes() {
      return writes;
    },
    lines,
    screen: () => lines().slice(Math.max(0, grid.length - size.rows)),
  };
}
