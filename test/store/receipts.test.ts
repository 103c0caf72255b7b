import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import { encodeLine, type JournalEntry } from '../../src/store/journal-line.js';
import { openReceiptBook, readReceipts, receiptsIn, receiptsPath } from '../../src/store/receipts.js';
import { AT, begunLine, live, newFolder, openIn, output } from './fixtures.js';

const OWNER = { project_id: '0123456789abcdef', manifest: 'teaser.yaml', sandbox: false, place: '' };
const begun = begunLine('sea', 'aaaa');
const LIFE: readonly JournalEntry[] = [
  begun,
  { type: 'submit_started', id: 'aaaa', step: 1, at: AT },
  { type: 'accepted', id: 'aaaa', step: 2, at: AT, job: { id: 'job-sea' } },
  { type: 'completed', id: 'aaaa', step: 4, at: AT, cost_usd: 0.1 },
  { type: 'delivered', id: 'aaaa', step: 6, at: AT, outputs: [output('sea')] },
];

/** The receipts of a project into which these were written, in one go. */
async function receiptsOf(...entries: readonly JournalEntry[]): Promise<{ root: string; path: string }> {
  const root = newFolder();
  const book = openReceiptBook(root, OWNER);
  await book.append(entries);
  await book.close();
  return { root, path: receiptsPath(root, OWNER.project_id) };
}

async function appendTo(root: string, ...entries: readonly JournalEntry[]): Promise<void> {
  const book = openReceiptBook(root, OWNER);
  await book.append(entries);
  await book.close();
}

const linesIn = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const typesIn = (path: string) => linesIn(path).map((line) => (JSON.parse(line) as { type?: string }).type);
const stateIn = async (path: string) => (await readReceipts(path)).get('aaaa')?.state.kind;

describe('the receipts of a project', () => {
  it('have a line for every step of a purchase, from the intent on', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const { id } = await live(store, 'sea');
    const path = receiptsPath(join(folder, '.dailies'), store.projectId);
    expect(typesIn(path)).toEqual([
      undefined,
      'begun',
      'submit_started',
      'accepted',
      'progressed',
      'completed',
      'download_started',
      'delivered',
    ]);
    expect(JSON.parse(linesIn(path)[0] ?? '')).toMatchObject({ ...OWNER, project_id: store.projectId });
    expect(Object.keys(JSON.parse(linesIn(path)[7] ?? '') as object)).not.toContain('path');
    const told = (await readReceipts(path)).get(id);
    expect(told).toEqual({ ...store.get(id), times: { ...told?.times } });
    await store.record(store.get(id), { type: 'pruned', at: AT });
    await store.assign(store.get(id), { shot: 'ocean', take: 1 });
    await store.setPicks({ ocean: { take: 1 } });
    expect(typesIn(path).slice(8)).toEqual(['pruned', 'assigned']);
  });

  it('have the intent before go is said, and the delivery before the clip is put', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const path = receiptsPath(join(folder, '.dailies'), store.projectId);
    const attempt = await live(store, 'sea', 1);
    expect(typesIn(path).at(-1)).toBe('submit_started');
    await store.settle(attempt, { kind: 'accepted', job: { id: 'job' }, status: 'pending' }, 0);
    await store.record(attempt, { type: 'completed', at: AT });
    let last: string | undefined;
    await store.deliver(attempt, [output('sea')], () => {
      last = typesIn(path).at(-1);
      return Promise.resolve();
    });
    expect([last, ...typesIn(path).slice(-2)]).toEqual(['delivered', 'completed', 'delivered']);
  });

  it('are not there where nothing was bought', async () => {
    const { root, path } = await receiptsOf();
    expect(existsSync(path)).toBe(false);
    expect(await receiptsIn(root)).toEqual([]);
    expect(await readReceipts(path)).toEqual(new Map());
  });

  it('end at the last whole line, wherever the file was cut, and that tail goes before anything is appended', async () => {
    const { root, path } = await receiptsOf(...LIFE);
    const whole = readFileSync(path);
    const states = ['planned', 'submitting', 'pending', 'completed', 'delivered'];
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const lines =
        whole
          .subarray(0, length + 1)
          .toString('latin1')
          .split('\n').length - 1;
      expect(await stateIn(path), `cut at ${length}`).toBe(states[lines - 2]);
      await appendTo(root, { ...begun, id: 'bbbb' });
      const after = await readReceipts(path);
      expect([after.get('aaaa')?.state.kind, after.has('bbbb')], `cut at ${length}`).toEqual([
        states[Math.floor(whole.subarray(0, length).toString('latin1').split('\n').length - 3)],
        true,
      ]);
      expect((await receiptsIn(root))[0]?.owner).toEqual(OWNER);
      expect(linesIn(path).every((line) => line.endsWith('"}'))).toBe(true);
    }
  });

  it('lose no line but the damaged one in their middle', async () => {
    const { path } = await receiptsOf(...LIFE, { ...begun, id: 'bbbb' });
    const spoil = (line: number) => {
      const lines = readFileSync(path, 'utf8').split('\n');
      writeFileSync(
        path,
        lines.with(line, (lines[line] ?? '').replace('"at":"2026', '"at":"2062')).join('\n'),
      );
    };
    spoil(4);
    const read = await readReceipts(path);
    // The job is known to be accepted: what came after does not follow, but for what the gateway will tell again.
    expect([read.get('aaaa')?.state.kind, read.has('bbbb')]).toEqual(['pending', true]);
    spoil(2);
    expect(await stateIn(path)).toBe('planned');
  });

  it('keep their lines whole whatever a prompt holds, and however long it is', async () => {
    const prompt = `line\nbreak\u2028 and \u2029, "quotes", 雪 ${'long '.repeat(200_000)}`;
    const { path } = await receiptsOf({ ...begun, request: { model: 'a/b', prompt } }, ...LIFE.slice(1));
    expect((await readReceipts(path)).get('aaaa')).toMatchObject({
      request: { prompt },
      state: { kind: 'delivered' },
    });
  });

  it('lose nothing where two copies of a project in one store append at the same time', async () => {
    const { root, path } = await receiptsOf(begun);
    const books = [openReceiptBook(root, OWNER), openReceiptBook(root, OWNER)];
    for (let round = 0; round < 5; round++)
      await Promise.all(
        books.map((book, side) => book.append([{ ...begun, id: `side${side}round${round}` }])),
      );
    await Promise.all(books.map((book) => book.close()));
    expect((await readReceipts(path)).size).toBe(11);
  });

  it('may say a thing twice, and later or again as a whole', async () => {
    const { root, path } = await receiptsOf(...LIFE);
    await appendTo(root, ...LIFE);
    expect(await stateIn(path)).toBe('delivered');
    const whole = (await readReceipts(path)).get('aaaa');
    if (!whole) throw new Error('nothing was read');
    const state = { kind: 'abandoned', since: AT, job: { id: 'job-1' } } as const;
    await appendTo(root, { type: 'restored', attempt: { ...whole, steps: 5, state } });
    expect(await stateIn(path)).toBe('delivered');
    await appendTo(root, { type: 'restored', attempt: { ...whole, steps: 7, state } });
    expect(await stateIn(path)).toBe('abandoned');
  });

  it.each<[string, (attempt: Attempt) => unknown]>([
    [
      'a whole attempt',
      (attempt) => ({ type: 'restored', attempt: { ...attempt, steps: 9, fingerprint: '../..' } }),
    ],
    [
      'a clip',
      () => ({ ...LIFE[4], step: 9, outputs: [{ ...output('sea'), sha256: '../../../etc/passwd' }] }),
    ],
    ['a step without a number', () => ({ ...LIFE[4], step: undefined })],
    ['an attempt of nothing', () => ({ type: 'restored' })],
  ])('leave out %s that is forged, and nothing else', async (_name, forge) => {
    const { root, path } = await receiptsOf(...LIFE.slice(0, 4));
    const attempt = (await readReceipts(path)).get('aaaa');
    if (!attempt) throw new Error('nothing was read');
    writeFileSync(path, encodeLine(forge(attempt) as JournalEntry), { flag: 'a' });
    writeFileSync(path, encodeLine({ ...begun, id: '../../up' }), { flag: 'a' });
    expect(await readReceipts(path)).toEqual(new Map([['aaaa', attempt]]));
    await appendTo(root, { ...begun, id: 'bbbb' });
    expect([...(await readReceipts(path)).keys()]).toEqual(['aaaa', 'bbbb']);
  });

  it('of a later version are refused, not misread', async () => {
    const { path } = await receiptsOf(...LIFE);
    writeFileSync(path, encodeLine(JSON.parse('{"type":"teleported","id":"aaaa"}') as JournalEntry), {
      flag: 'a',
    });
    await expect(readReceipts(path)).rejects.toMatchObject({ code: 'lockfile-newer', exitCode: 3 });
  });

  it('are no link, no pipe and no folder: those are refused, and nothing is written through them', async () => {
    const { root, path } = await receiptsOf(...LIFE);
    const secret = join(root, 'secret');
    writeFileSync(secret, 'as it was');
    rmSync(path);
    symlinkSync(secret, path);
    await expect(readReceipts(path)).rejects.toMatchObject({ code: 'disk' });
    await expect(appendTo(root, ...LIFE)).rejects.toMatchObject({ code: 'disk', exitCode: 3 });
    expect(readFileSync(secret, 'utf8')).toBe('as it was');
    rmSync(path);
    mkdirSync(path);
    await expect(appendTo(root, ...LIFE)).rejects.toMatchObject({ code: 'disk' });
    rmSync(dirname(path), { recursive: true });
    symlinkSync(newFolder(), dirname(path));
    await expect(appendTo(root, ...LIFE)).rejects.toThrow(/symbolic link/);
  });

  it('are known in a store by their owner, each under its own name', async () => {
    const { root, path } = await receiptsOf(...LIFE);
    writeFileSync(join(dirname(path), 'ffffffffffffffff.jsonl'), readFileSync(path));
    writeFileSync(join(dirname(path), 'notes.txt'), 'mine');
    expect(await receiptsIn(root)).toEqual([{ path, owner: OWNER }]);
    await appendTo(root, ...LIFE);
    const renamed = { ...OWNER, manifest: 'film.yaml' };
    const book = openReceiptBook(root, renamed);
    await book.own();
    await book.close();
    expect(await receiptsIn(root)).toEqual([{ path, owner: renamed }]);
    expect(await stateIn(path)).toBe('delivered');
    truncateSync(path, 20);
    expect(await receiptsIn(root)).toEqual([{ path, owner: { ...OWNER, manifest: '' } }]);
  });
});
