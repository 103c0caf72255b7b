import { expect, it } from 'vitest';
import { sampleOf } from '../helpers/long-pass.js';
import { killAgainAndAgain } from './kill-harness.js';
import { CHOSEN_POINTS } from './kill-points.js';
import { createTally } from './tally.js';

it('pays for each shot once and loses no clip, wherever a run is killed', { timeout: 240_000 }, async () => {
  const tally = createTally();
  const points = sampleOf(CHOSEN_POINTS);
  const half = Math.ceil(points.length / 2);
  await Promise.all([
    killAgainAndAgain(points.slice(0, half), tally),
    killAgainAndAgain(points.slice(half), tally),
  ]);
  expect(tally.findings).toEqual([]);
  expect([...tally.points].sort()).toEqual(points.map(({ name }) => name).sort());
});
