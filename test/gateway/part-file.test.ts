import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { openPart } from '../../src/gateway/part-file.js';
import { adoptPart, discardPart, keepNote, readNote } from '../../src/gateway/part-note.js';

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
  it('go under another name together, and can be continued there', async () => {
    const folder = await newFolder();
    const [from, to] = [join(folder, 'sea-0.41.part'), join(folder, 'sea-0.42.part')];
    await writeFile(from, 'begun');
    keepNote(from, NOTE);
    await adoptPart(from, to);
    expect((await readdir(folder)).toSorted()).toEqual(['sea-0.42.part', 'sea-0.42.part.json']);
    expect(readNote(to)).toEqual(NOTE);
    const part = await openPart(to, 'job-1 0');
    expect(part.bytes).toBe(5);
    await part.release();
  });

  it('may both be missing; a note of other bytes does not stay beside the part', async () => {
    const folder = await newFolder();
    const [from, to] = [join(folder, 'from.part'), join(folder, 'to.part')];
    await adoptPart(from, to);
    expect(await readdir(folder)).toEqual([]);
    await writeFile(from, 'begun');
    keepNote(to, NOTE);
    await adoptPart(from, to);
    expect(await readdir(folder)).toEqual(['to.part']);
    keepNote(from, NOTE);
    await adoptPart(from, to);
    expect(readNote(to)).toEqual(NOTE);
  });

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

  it('stay where they are, and that is said, where the disk refuses', async () => {
    const folder = await newFolder();
    const [from, to] = [join(folder, 'from.part'), join(folder, 'to.part')];
    await writeFile(from, 'begun');
    await mkdir(to);
    await expect(adoptPart(from, to)).rejects.toMatchObject({ code: 'disk' });
    expect(await readFile(from, 'utf8')).toBe('begun');
  });
});
