import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../src/errors.js';

const read = (path: string) => readFileSync(resolve(import.meta.dirname, '..', path), 'utf8');

/** The members of the union of diagnostic codes, as they stand in the source. */
function diagnosticCodes(): string[] {
  const source = read('src/domain/diagnostic.ts');
  const start = source.indexOf('export type DiagnosticCode =');
  const body = source.slice(start, source.indexOf(';', start));
  return [...body.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code = '']) => code);
}

describe('docs/errors.md', () => {
  const page = read('docs/errors.md');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code = '']) => code);

  it('has a row for every code of a diagnostic and of an error, and no other', () => {
    const codes = [...diagnosticCodes(), ...Object.keys(EXIT_CODES)];
    expect(codes.length).toBeGreaterThan(60);
    expect(codes.filter((code) => !rows.includes(code))).toEqual([]);
    expect(rows.filter((code) => !codes.includes(code))).toEqual([]);
  });

  it('says with which status each error ends a command', () => {
    const statuses = [...page.matchAll(/^\| `([a-z-]+)` \| (\d) \|/gm)].map(([, code, exit]) => [
      code,
      Number(exit),
    ]);
    expect(Object.fromEntries(statuses)).toEqual(EXIT_CODES);
  });
});
