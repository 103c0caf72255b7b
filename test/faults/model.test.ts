import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stories } from './model/story.js';
import { live } from './model/world.js';

it('keeps its promises in stories of faults, deaths and edits', { timeout: 120_000 }, async () => {
  const promise = fc.asyncProperty(stories(), async (story) => {
    expect(await live(story)).toEqual([]);
  });
  // Stories hang on the time of day of a busy machine: a smaller one would not be sure to fail likewise.
  await fc.assert(promise, { numRuns: 3, endOnFailure: true });
});
