import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal, type Journal } from '../../src/store/journal.js';
import { decodeLine, encodeHeader, encodeLine, type JournalEntry } from '../../src/store/journal-line.js';
import { AT, HASH, newFolder, order } from './fixtures.js';

const entries: readonly JournalEntry[] = [
  { type: 'begun', id: '1', ...order('greenhouse') },
  { type: 'submit_started', id: '1', at: AT },
  { type: 'accepted', id: '1', at: AT, job: { id: 'job-1' } },
  { type: 'ended', id: '1', at: AT, status: 'failed', message: 'line\nbreak, "quotes", 雪, \ud800' },
];
const lines = entries.map((entry, index) => encodeLine({ number: 7 + index, entry }));

const header = encodeHeader('0123abcd');

function journalWith(content: string | Uint8Array): string {
  const path = join(newFolder(), 'teaser.lock.journal');
  writeFileSync(path, content);
  return path;
}

async function numbersIn(content: string | Uint8Array): Promise<number[]> {
  return numbersOf(
    await readJournal(journalWith(Buffer.concat([Buffer.from(header), Buffer.from(content)]))),
  );
}

function numbersOf(journal: Journal | undefined): number[] {
  return [...(journal?.entries ?? [])].map(({ number }) => number);
}

describe('a journal line', () => {
  it('is one line of JSON that comes back as it was', () => {
    for (const [index, line] of lines.entries()) {
      expect(line).toMatch(/^[^\n]*\n$/);
      expect(JSON.parse(line)).toMatchObject({ n: 7 + index, type: entries[index]?.type });
      const read = decodeLine(line.trimEnd());
      expect(read?.number).toBe(7 + index);
      expect(read?.entry).toEqual(entries[index]);
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
      encodeLine({ number: 1, entry: { type: 'completed', id: '1', at: AT, cost_usd: cost } });
    expect(() => write(Number.NaN)).toThrow(/completed\.cost_usd is NaN/);
    expect(() => write(Infinity)).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() =>
      encodeLine({ number: 1, entry: { type: 'begun', id: '1', ...order('a'), estimate: null } }),
    ).not.toThrow();
  });

  it('stays short', () => {
    expect(lines[1]?.length).toBeLessThan(110);
    expect(lines[2]?.length).toBeLessThan(130);
  });

  it('from a later version is refused, not dropped', () => {
    const later = encodeLine({ number: 1, entry: { type: 'submit_started', id: '1', at: AT } });
    const forged = encodeLine({
      number: 1,
      entry: JSON.parse('{"type":"teleported","id":"1"}') as JournalEntry,
    });
    expect(decodeLine(later.trimEnd())).toBeDefined();
    expect(() => decodeLine(forged.trimEnd())).toThrow(expect.objectContaining({ code: 'lockfile-newer' }));
  });
});

describe('reading a journal', () => {
  it('finds none where there is none', async () => {
    expect(await readJournal(join(newFolder(), 'teaser.lock.journal'))).toBeUndefined();
  });

  it('ends at the last whole line, wherever the file was cut', async () => {
    const bytes = Buffer.from(header + lines.join(''));
    const ends = lines.map((_, index) => Buffer.byteLength(header + lines.slice(0, index + 1).join('')));
    const path = journalWith('');
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const whole = ends.filter((end) => end - 1 <= length).length;
      const journal = await readJournal(path);
      expect(journal?.id).toBe(length >= header.length - 1 ? '0123abcd' : undefined);
      expect(numbersOf(journal), `cut at ${length}`).toHaveLength(whole);
    }
  });

  it.each([
    ['a run of NULs', '\0'.repeat(5000)],
    ['NULs and half a line', `${'\0'.repeat(100)}${lines[2]?.slice(50) ?? ''}`],
    ['several torn lines', 'abc\n{"n":\n\n'],
    ['half a character', Buffer.from('雪').subarray(0, 2)],
  ])('takes %s at the end for a torn tail', async (_, tail) => {
    const whole = Buffer.from(lines.slice(0, 2).join(''));
    expect(await numbersIn(Buffer.concat([whole, Buffer.from(tail)]))).toEqual([7, 8]);
  });

  it('refuses damage that whole lines follow, naming the line and what to do', async () => {
    const damaged = [lines[0], lines[1]?.replace('submit', 'sudmit'), lines[2], lines[3]].join('');
    await expect(numbersIn(damaged)).rejects.toMatchObject({
      code: 'journal-corrupt',
      exitCode: 3,
      message: expect.stringContaining('line 3') as string,
      hint: expect.stringContaining('head -n 2') as string,
    });
  });

  it('refuses a line that is missing, repeated or out of order', async () => {
    for (const order of [
      [0, 2],
      [0, 1, 1, 2],
      [1, 0],
    ]) {
      const mixed = order.map((index) => lines[index]).join('');
      await expect(numbersIn(mixed)).rejects.toMatchObject({ code: 'journal-corrupt' });
    }
  });

  it('refuses one whose first line is damaged, unless it is the only one', async () => {
    const torn = await readJournal(journalWith(header.slice(0, 10)));
    expect([torn?.id, numbersOf(torn)]).toEqual([undefined, []]);
    const damaged = await readJournal(journalWith(header.replace('abcd', 'abce') + lines.join('')));
    expect(() => numbersOf(damaged)).toThrow(expect.objectContaining({ code: 'journal-corrupt' }));
    const headless = await readJournal(journalWith(lines.join('')));
    expect(() => numbersOf(headless)).toThrow(expect.objectContaining({ code: 'journal-corrupt' }));
  });

  it('says so where it cannot read', async () => {
    await expect(readJournal(newFolder())).rejects.toMatchObject({ code: 'disk', exitCode: 3 });
  });
});

it('keeps fingerprints and hashes as they are', () => {
  expect(lines[0]).toContain(HASH);
});
