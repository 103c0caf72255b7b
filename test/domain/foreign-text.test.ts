import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeJson, withoutCommands } from '../../src/domain/foreign-text.js';

/** What an outsider would write. */
const hostile = fc.string({
  unit: fc.constantFrom(
    ...['::', ':', '#', '##[', '##vso[', '##TeamCity[', '\n', '\r\n', ' ', '\t', '[', 'error', '"', '\\'],
    ...['\u009b31m', '\u0085', '\u007f', '\u202e', '\u2066', '\u061c', '\u2028', '\ufeff', '\ud800', '𝔍'],
  ),
});
/** As GitHub's and Azure's runners look for commands. */
const isCommand = (line: string) => line.trimStart().startsWith('::') || /##(?:vso|teamcity)?\[/i.test(line);

describe('foreign text is harmless in every output format', () => {
  it('in JSON, which says the same to every parser', () => {
    fc.assert(
      fc.property(fc.dictionary(hostile, hostile), fc.constantFrom(undefined, 2), (value, indent) => {
        const json = safeJson(value, indent);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(json).not.toMatch(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/u);
        expect(json.split('\n').filter(isCommand)).toEqual([]);
      }),
    );
  });

  it('in lines, in which no CI system finds a command', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(withoutCommands(text).split(/\r?\n/).filter(isCommand)).toEqual([]);
      }),
    );
    expect(withoutCommands('  ::error::no\nstd::move\n##[group]x\n## a heading\n')).toBe(
      '  : :error::no\nstd::move\n# #[group]x\n## a heading\n',
    );
  });
});
