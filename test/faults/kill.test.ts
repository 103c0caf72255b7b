import { expect, it } from 'vitest';
import { killAgainAndAgain } from './kill-harness.js';
import { KILL_POINTS } from './kill-points.js';
import { createTally } from './tally.js';

it('pays for each shot once and loses no clip, wherever a run is killed', { timeout: 120_000 }, async () => {
  const tally = createTally();
  const half = Math.ceil(KILL_POINTS.length / 2);
  await Promise.all([
    killAgainAndAgain(KILL_POINTS.slice(0, half), tally),
    killAgainAndAgain(KILL_POINTS.slice(half), tally),
  ]);
  expect(tally.findings).toEqual([]);
  expect([...tally.points].sort()).toEqual(KILL_POINTS.map(({ name }) => name).sort());
});
