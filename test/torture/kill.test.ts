import { expect, it } from 'vitest';
import { killAgainAndAgain } from '../faults/kill-harness.js';
import { atRandom, CHOSEN_POINTS, FURTHER_POINTS, type KillPoint } from '../faults/kill-points.js';
import { REPERTOIRE } from '../faults/repertoire.js';
import { createTally } from '../faults/tally.js';

const KILLS = 500;
const KILLS_PER_PROJECT = 8;
const POINTS = [...CHOSEN_POINTS, ...FURTHER_POINTS];
/** Every second kill strikes at random. */
const RANDOM_SHARE = 0.5;
/** Every third run that is killed meets a misdeed of the gateway besides. */
const MISDEED_SHARE = 1 / 3;

it(`pays for each shot once and loses no clip in ${KILLS} kills`, async () => {
  const seed = Date.now() % 1_000_000;
  const luck = luckOf(seed);
  const random = atRandom(luck);
  const tally = createTally();
  let chosen = 0;
  const nextPoint = (): KillPoint => {
    if (luck() < RANDOM_SHARE) return random;
    chosen += 1;
    return POINTS[chosen % POINTS.length] ?? random;
  };
  let misdeeds = 0;
  const nextMisdeed = () => {
    if (luck() >= MISDEED_SHARE) return undefined;
    misdeeds += 1;
    return REPERTOIRE[misdeeds % REPERTOIRE.length];
  };
  const killOn = async () => {
    while (tally.kills < KILLS && tally.findings.length === 0)
      await killAgainAndAgain(Array.from({ length: KILLS_PER_PROJECT }, nextPoint), tally, nextMisdeed);
  };
  await Promise.all([killOn(), killOn()]);
  console.log(`seed ${seed}\n${tally.table()}`);
  expect(tally.findings).toEqual([]);
});

/** Numbers in [0, 1) that look like chance, the same for the same seed (a linear congruential generator). */
function luckOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
