import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { lockStore, waitForStoreLock } from '../../src/store/store-lock.js';

const newRoot = async () => join(await mkdtemp(join(tmpdir(), 'dailies-store-')), '.dailies');
const ELSEWHERE = {
  pid: 1,
  process_started: '1',
  token: '0123456789abcdef',
  started_at: '2026-11-21T10:00:00.000Z',
};

it('locks a store that has no clip yet', async () => {
  const root = await newRoot();
  const lock = await lockStore(root, systemClock);
  expect(lock.isHeld()).toBe(true);
  await lock.release();
});

describe('a clip that is to be put into a store', () => {
  it('waits while clips are removed from it', async () => {
    const root = await newRoot();
    const lock = await lockStore(root, systemClock);
    let hasWaited = false;
    const waiting = waitForStoreLock(root).then(() => (hasWaited = true));
    for (let looks = 0; looks < 100; looks += 1) await new Promise(setImmediate);
    expect(hasWaited).toBe(false);
    await lock.release();
    await waiting;
  });

  it.each([
    ['that a power cut has left empty', ''],
    ['of a machine that is gone', JSON.stringify({ ...ELSEWHERE, host: 'render-7', boot: 'another' })],
  ])('does not wait for ever for a lock %s', async (_, text) => {
    const root = await newRoot();
    await mkdir(join(root, 'clips'), { recursive: true });
    await writeFile(join(root, 'clips/prune.lck'), text);
    await waitForStoreLock(root, { patienceMs: 50 });
    await expect(lockStore(root, systemClock)).rejects.toMatchObject({
      code: 'locked-by-another-run',
      hint: expect.stringContaining(join(root, 'clips/prune.lck')) as string,
    });
  });
});
