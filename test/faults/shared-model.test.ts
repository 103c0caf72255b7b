import fc from 'fast-check';
import { expect, it } from 'vitest';
import { volume } from '../helpers/long-pass.js';
import { noPostgres, sharedPostgres } from '../helpers/postgres.js';
import { liveTogether } from './model/shared-world.js';
import { stories } from './model/story.js';

const STORIES = volume({ short: 2, long: 200 });

it.skipIf(noPostgres)(
  'keeps its promises in stories of faults, edits and workers that are taken for dead, on a store that several share',
  { timeout: volume({ short: 120_000, long: 7_200_000 }) },
  async () => {
    const promise = fc.asyncProperty(stories(), async (story) => {
      const database = await (await sharedPostgres()).database();
      try {
        expect(await liveTogether(story, database)).toEqual([]);
      } finally {
        await database.close();
      }
    });
    await fc.assert(promise, { numRuns: STORIES, endOnFailure: true });
  },
);
