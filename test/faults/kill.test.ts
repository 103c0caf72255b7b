import { expect, it } from 'vitest';
import { killAgainAndAgain } from './kill-harness.js';
import { CHOSEN_POINTS } from './kill-points.js';
import { createTally } from './tally.js';

it('pays for each shot once and loses no clip, wherever a run is killed', { timeout: 240_000 }, async () => {
  const tally = createTally();
  const half = Math.ceil(CHOSEN_POINTS.length / 2);
  await Promise.all([
    killAgainAndAgain(CHOSEN_POINTS.slice(0, half), tally),
    killAgainAndAgain(CHOSEN_POINTS.slice(half), tally),
  ]);
  expect(tally.findings).toEqual([]);
  expect([...tally.points].sort()).toEqual(CHOSEN_POINTS.map(({ name }) => name).sort());
});
