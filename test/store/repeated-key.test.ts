import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeatedKey } from '../../src/store/repeated-key.js';

describe('a key that comes twice in a JSON text', () => {
  it.each([
    ['{"a":1,\n"a":2}', { key: 'a', line: 2 }],
    ['{"a":{"b":1},"c":[{"d":1},\n\n{"d":1,"d" : 2}]}', { key: 'd', line: 3 }],
    ['{"\\"":1,"\\"":2}', { key: '\\"', line: 1 }],
  ])('is found with its line: %s', (text, found) => {
    expect(repeatedKey(text)).toEqual(found);
  });

  it('is not seen in a text that has none, whatever its strings hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(repeatedKey(JSON.stringify(value, null, 2))).toBeUndefined();
      }),
    );
    expect(repeatedKey('{"a":"{\\"a\\":1,","b":["a","a"],"c":{"a":1}}')).toBeUndefined();
  });
});
