import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** The floors of the house, from the ground up; a room is a folder of src, or a file that stands there by itself. */
const FLOORS: readonly (readonly string[])[] = [
  ['domain', 'events.ts', 'errors.ts', 'disk-error.ts'],
  ['manifest', 'catalogue', 'cost', 'shot', 'plan', 'cut'],
  [
    ...['gateway', 'store', 'media', 'sandbox', 'monitor', 'serve'],
    ...['background-run.ts', 'clock.ts', 'regular-file.ts', 'version.ts'],
  ],
  ['flow'],
  ['cli', 'mcp', 'ui', 'sheet', 'view', 'index.ts'],
];

/** Edges stand beside one another; these alone may be leant on by the others. */
const SHARED_EDGES = ['clock.ts', 'media', 'regular-file.ts', 'version.ts'];

/** What the pure floors may take from Node: no I/O, no time, no randomness. `node:module` loads JSON of ours as if it were code. */
const PURE_BUILTINS = ['node:crypto', 'node:module', 'node:path', 'node:path/posix'];

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join(SRC, file));

const imports: Import[] = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(
    ([, target = '']) => ({
      from: relative(SRC, file),
      to: target.startsWith('.')
        ? relative(SRC, resolve(dirname(file), target)).replace(/\.js$/, '.ts')
        : target,
    }),
  ),
);
const inner = imports.filter(({ to }) => files.includes(join(SRC, to)));
const outer = imports.filter((one) => !inner.includes(one));

const roomOf = (file: string) => file.split('/')[0] ?? '';
const floorOf = (file: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
const shown = (found: readonly Import[]) => found.map(({ from, to }) => `${from} → ${to}`);

describe('the floors', () => {
  it('have a place for every file', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.map((file) => relative(SRC, file)).filter((file) => floorOf(file) < 0)).toEqual([]);
  });

  it('are imported downwards only', () => {
    expect(shown(inner.filter(({ from, to }) => floorOf(to) > floorOf(from)))).toEqual([]);
  });

  it('keep the edges apart', () => {
    const crossing = inner.filter(
      ({ from, to }) =>
        floorOf(from) === 2 &&
        floorOf(to) === 2 &&
        roomOf(from) !== roomOf(to) &&
        !SHARED_EDGES.includes(roomOf(to)),
    );
    expect(shown(crossing)).toEqual([]);
  });

  it('leave the pure rooms without I/O, time and randomness', () => {
    const impure = outer.filter(
      ({ from, to }) => floorOf(from) <= 1 && to.startsWith('node:') && !PURE_BUILTINS.includes(to),
    );
    expect(shown(impure)).toEqual([]);
    const clocked = files.filter(
      (file) =>
        floorOf(relative(SRC, file)) <= 1 &&
        /\bDate\.now\(|Math\.random\(|new Date\(\)/.test(readFileSync(file, 'utf8')),
    );
    expect(clocked).toEqual([]);
  });

  it('leave files, sockets and timers to the edges', () => {
    const edgesOnly = /^(node:(fs|net|tls|http|https|dns|timers|child_process|worker_threads)(\/|$)|undici)/;
    // The page's stylesheets are a part of the program, as its code is.
    const stray = outer.filter(
      ({ from, to }) => floorOf(from) >= 3 && edgesOnly.test(to) && from !== 'sheet/page-style.ts',
    );
    expect(shown(stray)).toEqual([]);
  });

  it('leave PostgreSQL to one folder, which loads its client when it is needed', () => {
    const users = outer.filter(({ to }) => to === 'pg').map(({ from }) => from);
    expect(new Set(users)).toEqual(new Set(['store/postgres/connection.ts']));
    const text = readFileSync(join(SRC, 'store/postgres/connection.ts'), 'utf8');
    expect(text.match(/import (?!type).*'pg'/g)).toBeNull();
    const known = /^(store\/postgres|flow\/batch|cli\/commands)\//;
    const guests = inner.filter(({ from, to }) => to.startsWith('store/postgres/') && !known.test(from));
    expect(shown(guests)).toEqual([]);
  });

  it('let ui/ see words only', () => {
    const seen = inner.filter(
      ({ from, to }) => roomOf(from) === 'ui' && roomOf(to) !== 'ui' && floorOf(to) > 0,
    );
    expect(shown(seen)).toEqual([]);
  });

  it('have no circles between rooms', () => {
    const reach = new Map<string, Set<string>>();
    for (const { from, to } of inner) {
      if (roomOf(from) === roomOf(to)) continue;
      reach.set(roomOf(from), (reach.get(roomOf(from)) ?? new Set()).add(roomOf(to)));
    }
    const circles: string[] = [];
    const visit = (room: string, path: readonly string[]) => {
      if (path.includes(room)) circles.push([...path, room].join(' → '));
      else for (const next of reach.get(room) ?? []) visit(next, [...path, room]);
    };
    for (const room of reach.keys()) visit(room, []);
    expect(circles).toEqual([]);
  });
});
