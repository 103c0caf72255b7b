import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { openPart } from '../../src/gateway/part-file.js';

const BLOCK = Buffer.alloc(1024 * 1024, 'x');

describe('a clip on its way to the disk', () => {
  it('goes on with whoever was told to wait, also while an earlier block is still being written', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'dailies-part-')), 'clip.mp4.part');
    const part = await openPart(path, 'job-1 0');
    for (const piece of [BLOCK, BLOCK, BLOCK]) {
      await new Promise<void>((resume) => {
        if (part.write(piece, resume)) resume();
      });
    }
    await part.finish();
    expect((await readFile(path)).equals(Buffer.concat([BLOCK, BLOCK, BLOCK]))).toBe(true);
  });
});
