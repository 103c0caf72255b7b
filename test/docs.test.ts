import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(resolve(import.meta.dirname, '..', path), 'utf8');

/** The members of a union of string literals, as they stand in the source. */
function codesOf(path: string, union: string): string[] {
  const source = read(path);
  const start = source.indexOf(`export type ${union} =`);
  const body = source.slice(start, source.indexOf(';', start));
  return [...body.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code = '']) => code);
}

const rows = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code = '']) => code);

describe('docs/errors.md', () => {
  it.each([
    ['src/domain/diagnostic.ts', 'DiagnosticCode', 40],
    ['src/errors.ts', 'ErrorCode', 15],
  ] as const)('has a row for every code in %s', (path, union, atLeast) => {
    const codes = codesOf(path, union);
    expect(codes.length).toBeGreaterThan(atLeast);
    expect(codes.filter((code) => !rows.includes(code))).toEqual([]);
  });

  it('has no row for a code that is gone', () => {
    const codes = [
      ...codesOf('src/domain/diagnostic.ts', 'DiagnosticCode'),
      ...codesOf('src/errors.ts', 'ErrorCode'),
    ];
    expect(rows.filter((code) => !codes.includes(code))).toEqual([]);
  });
});
