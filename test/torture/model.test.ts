import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stories } from '../faults/model/story.js';
import { live } from '../faults/model/world.js';

const STORIES = 500;

it(`keeps its promises in ${STORIES} stories of faults, deaths and edits`, async () => {
  const promise = fc.asyncProperty(stories(), async (story) => {
    expect(await live(story)).toEqual([]);
  });
  await fc.assert(promise, { numRuns: STORIES, endOnFailure: true });
});
