import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../../src/store/journal.js';
import { decodeLine, encodeLine, type JournalEntry } from '../../src/store/journal-line.js';
import { AT, begunLine, HASH, newFolder } from './fixtures.js';
import { volume } from '../helpers/long-pass.js';

const entries: readonly JournalEntry[] = [
  begunLine('greenhouse', '0k3v'),
  { type: 'submit_started', id: '0k3v', step: 1, at: AT },
  { type: 'accepted', id: '0k3v', step: 2, at: AT, job: { id: 'job-1' } },
  {
    ...{ type: 'ended', id: '0k3v', step: 3, at: AT, status: 'failed' },
    message: 'line\nbreak, "quotes", 雪, \u2028, \ud800',
  },
];
const lines = entries.map(encodeLine);

function journalWith(content: string | Uint8Array): string {
  const path = join(newFolder(), 'teaser.lock.journal');
  writeFileSync(path, content);
  return path;
}

/** How many entries a journal of this content has, each in its place. */
async function countIn(content: string | Uint8Array): Promise<number> {
  const found = [...((await readJournal(journalWith(content))) ?? [])];
  expect(found.map(({ place }) => place)).toEqual(found.map((_entry, index) => index + 1));
  expect(found.map(({ entry }) => entry)).toEqual(entries.slice(0, found.length));
  return found.length;
}

describe('a journal line', () => {
  it('is one line of JSON that comes back as it was', () => {
    for (const [index, line] of lines.entries()) {
      expect(line).toMatch(/^[^\n]*\n$/);
      expect(JSON.parse(line)).toMatchObject({ type: entries[index]?.type });
      expect(decodeLine(line.trimEnd())).toEqual(entries[index]);
    }
  });

  it('is known to be damaged whichever character has changed', () => {
    const line = (lines[2] ?? '').trimEnd();
    for (let at = 0; at < line.length; at++) {
      const changed = line.slice(0, at) + (line[at] === '0' ? '1' : '0') + line.slice(at + 1);
      expect(decodeLine(changed), changed).toBeUndefined();
    }
  });

  it('never holds a number that JSON has no word for', () => {
    const write = (cost: number) =>
      encodeLine({ type: 'completed', id: '0k3v', step: 1, at: AT, cost_usd: cost });
    expect(() => write(Number.NaN)).toThrow(/completed\.cost_usd is NaN/);
    expect(() => write(Infinity)).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => encodeLine({ ...begunLine('greenhouse', '0k3v'), estimate: null })).not.toThrow();
  });

  it('stays short', () => {
    expect(lines[1]?.length).toBeLessThan(110);
    expect(lines[2]?.length).toBeLessThan(140);
  });

  it('from a later version is refused, not dropped', () => {
    const later = encodeLine(JSON.parse('{"type":"teleported","id":"0k3v"}') as JournalEntry);
    expect(() => decodeLine(later.trimEnd())).toThrow(expect.objectContaining({ code: 'lockfile-newer' }));
  });
});

describe('reading a journal', () => {
  it('finds none where there is none', async () => {
    expect(await readJournal(join(newFolder(), 'teaser.lock.journal'))).toBeUndefined();
  });

  it('ends at the last whole line, wherever the file was cut', async () => {
    const bytes = Buffer.from(lines.join(''));
    const ends = lines.map((_line, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')));
    const path = journalWith('');
    const step = volume({ short: 7, long: 1 });
    for (let length = 0; length <= bytes.length; length += step) {
      writeFileSync(path, bytes.subarray(0, length));
      const whole = ends.filter((end) => end - 1 <= length).length;
      expect([...((await readJournal(path)) ?? [])], `cut at ${length}`).toHaveLength(whole);
    }
  });

  it.each([
    ['a run of NULs', '\0'.repeat(5000)],
    ['NULs and half a line', `${'\0'.repeat(100)}${lines[2]?.slice(50) ?? ''}`],
    ['several torn lines', 'abc\n{"n":\n\n'],
    ['half a character', Buffer.from('雪').subarray(0, 2)],
  ])('takes %s at the end for a torn tail', async (_name, tail) => {
    const whole = Buffer.from(lines.slice(0, 2).join(''));
    expect(await countIn(Buffer.concat([whole, Buffer.from(tail)]))).toBe(2);
  });

  it('refuses damage that whole lines follow, naming the line and what to do', async () => {
    const damaged = [lines[0], lines[1]?.replace('submit', 'sudmit'), lines[2], lines[3]].join('');
    await expect(countIn(damaged)).rejects.toMatchObject({
      code: 'journal-corrupt',
      exitCode: 3,
      message: expect.stringContaining('line 2') as string,
      hint: expect.stringContaining('head -n 1') as string,
    });
  });

  it('refuses damage in its first line, unless that is the only one', async () => {
    expect(await countIn(lines[0]?.slice(0, 10) ?? '')).toBe(0);
    await expect(countIn([lines[0]?.slice(1), ...lines.slice(1)].join(''))).rejects.toMatchObject({
      code: 'journal-corrupt',
      message: expect.stringContaining('line 1') as string,
    });
  });

  it('says so where it cannot read', async () => {
    await expect(readJournal(newFolder())).rejects.toMatchObject({ code: 'disk', exitCode: 3 });
  });
});

it('keeps fingerprints and hashes as they are', () => {
  expect(lines[0]).toContain(HASH);
});
