import { foldCase } from '../../domain/fold-case.js';
import type { Report } from '../problems.js';
import { cellPath, type Table } from '../table/table.js';
import type { IdDraft } from './ids.js';
import type { PlacedMatrix } from './matrix.js';

/** The column that names rows. */
const ID = 'id';

/** Whether a var is the name of a row, which goes into an id as it is. */
export function isOwnName(name: string): boolean {
  return name === ID;
}

/**
 * The stem of a combination's id. A row is named by the columns in the shot's id, else by its column `id` behind the shot's. So an id
 * depends on its own row alone, and rows may be added and moved.
 */
export function rowStem(
  draft: IdDraft & {
    readonly own: PlacedMatrix | undefined;
    readonly index: number;
    readonly report: Report;
  },
): string {
  const { stem, named, combination, own, index, report } = draft;
  const { row, values } = combination;
  const table = own?.table;
  if (!table || row === undefined || table.columns.some((column) => named.has(column))) return stem;
  const id = values[ID];
  if (typeof id === 'string') return stem === '' ? id : `${stem}.${id}`;
  const hasColumn = table.columns.includes(ID);
  report({
    code: 'missing-key',
    message: hasColumn ? 'the row has no id' : `nothing names the rows of ${table.name}`,
    hint: 'fill a column called id, or name columns in the id of the shot, such as id: "{{product}}-{{lang}}"',
    path: hasColumn ? cellPath(table.name, row) : ['shots', index, 'id'],
  });
  return `${stem}.row-${row + 1}`;
}

/** Reports rows of one name, and says whether there are any. An id with a hash in it would change as rows come and go. */
export function reportTwins(drafts: readonly IdDraft[], { name, rows }: Table, report: Report): boolean {
  const owners = new Map<string, number>();
  let found = false;
  for (const { stem, combination } of drafts) {
    const { row } = combination;
    if (row === undefined) continue;
    const owner = owners.get(foldCase(stem)) ?? row;
    owners.set(foldCase(stem), owner);
    if (owner === row) continue;
    found = true;
    const message = `the shot ${stem} is already made from line ${rows[owner]?.line ?? owner}`;
    const hint = 'ids name files: each row needs its own';
    report({ code: 'duplicate-id', message, hint, path: cellPath(name, row), shot: stem });
  }
  return found;
}
