import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { openPart } from '../../src/gateway/part-file.js';
import { discardPart, keepNote } from '../../src/gateway/part-note.js';

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'dailies-part-'));
const NOTE = { identity: 'job-1 0', validator: '"a"', total: 10, bytes: 5 };
const BLOCK = Buffer.alloc(1024 * 1024, 'x');

describe('a clip on its way to the disk', () => {
  it('goes on with whoever was told to wait, also while an earlier block is still being written', async () => {
    const path = join(await newFolder(), 'clip.mp4.part');
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

describe('a part and its note', () => {
  it('are removed together, with what a kill left of a note', async () => {
    const folder = await newFolder();
    const part = join(folder, 'sea.part');
    await writeFile(part, 'begun');
    keepNote(part, NOTE);
    await writeFile(`${part}.json.tmp`, '{');
    await discardPart(part);
    await discardPart(part);
    expect(await readdir(folder)).toEqual([]);
  });
});
