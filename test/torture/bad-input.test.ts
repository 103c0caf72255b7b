import { expect, it } from 'vitest';
import { read } from '../manifest/reading.js';

it('stops at a manifest that has too many values', () => {
  expect(read(`a: [${'1,'.repeat(1_400_000)}]`).diagnostics.map(({ code }) => code)).toEqual([
    'manifest-unreadable',
  ]);
});
