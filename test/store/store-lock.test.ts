import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { lockStore } from '../../src/store/store-lock.js';

it('locks a store that has no clip yet', async () => {
  const root = join(await mkdtemp(join(tmpdir(), 'dailies-store-')), '.dailies');
  const lock = await lockStore(root, systemClock);
  expect(lock.isHeld()).toBe(true);
  await lock.release();
});
