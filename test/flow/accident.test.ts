import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const project = (shots: string, baseUrl = server.baseUrl) =>
  makeProject({ baseUrl, clock: fastClock(200) }, shots);
const sea = (fields: string) => `  - { id: sea, ${fields} }`;

describe('another spelling of a shot', () => {
  const SLUG = 'model: google/veo-3.1-lite-20260331';

  it.each([
    ['a dated slug', 'prompt: waves', `prompt: waves, ${SLUG}`],
    ['the model of a dated slug', `prompt: waves, ${SLUG}`, 'prompt: waves'],
    ['a size', 'prompt: waves, aspect_ratio: "16:9"', 'prompt: waves, size: 1280x720'],
    ['a resolution and a ratio', 'prompt: waves, size: 1280x720', 'prompt: waves, aspect_ratio: "16:9"'],
    ['another form of a letter', 'prompt: "caf\u00e9"', 'prompt: "cafe\u0301  "'],
    ['an empty map', 'prompt: waves', 'prompt: waves, provider: { options: {} }'],
    ['who may serve it', 'prompt: waves', 'prompt: waves, provider: { only: [acme], order: [acme] }'],
    ['who may serve it no more', 'prompt: waves, provider: { only: [a], zdr: true }', 'prompt: waves'],
    ['a trace', 'prompt: waves, trace: { trace_id: a }', 'prompt: waves, trace: { trace_id: b }'],
  ])('buys nothing: %s', async (_, before, after) => {
    const film = await project(sea(before));
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    await film.write(sea(after));
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse' }]);
    expect((await film.plan({ offline: true })).shots).toMatchObject([{ action: 'reuse' }]);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0, delivered: 1 } });
    expect(server.counters.posts).toBe(1);
    await film.write(sea(`${after}, duration: 8`));
    expect((await film.plan()).shots).toMatchObject([{ reasons: ['duration changed'] }]);
  });

  it('is sent as it is compared', async () => {
    const film = await project(
      sea('prompt: "cafe\u0301\\r\\nby the sea \\n", provider: { options: { x: {} } }'),
    );
    await film.run();
    expect(server.submits.at(-1)).toMatchObject({ prompt: 'caf\u00e9\nby the sea' });
    expect(server.submits.at(-1)).not.toHaveProperty('provider');
  });

  it('is known by the catalogue of the run alone, before anything is bought', async () => {
    const film = await project(sea('prompt: waves'));
    await film.run();
    // A lockfile without a snapshot: from before the model was listed.
    const { catalogue: _, ...rest } = (await film.lockfile()) as Record<string, unknown>;
    await writeFile(join(film.folder, 'film.lock.json'), JSON.stringify(rest));
    await film.write(sea(`prompt: waves, ${SLUG}`));
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse' }]);
    expect(await film.run()).toMatchObject({ counts: { submitted: 0 } });
    expect(server.counters.posts).toBe(1);
  });

  it('stays one when the model has got another dated slug', async () => {
    const moved = (slug: string) => ({
      data: [{ id: 'google/veo-3.1-lite', canonical_slug: slug, pricing_skus: { generate: '0.1' } }],
    });
    const film = await project(sea(`prompt: waves, ${SLUG}`));
    await film.run();
    const later = await startGatewayServer({ models: moved('google/veo-3.1-lite-20261201') });
    later.autoComplete(clip, { cost: 0.12 });
    try {
      await film.write((await film.read('film.yaml')).replace(server.baseUrl, later.baseUrl));
      const text = await film.read('film.yaml');
      const write = (shots: string) => film.write(text.replace(/shots:[^]*/, `shots:\n${shots}\n`));
      for (const more of ['harbor', 'pier', 'dune']) {
        await write(`${sea('prompt: waves')}\n  - { id: ${more}, prompt: ${more} }`);
        await film.run();
      }
      expect(later.submits.map(({ prompt }) => prompt)).toEqual(['harbor', 'pier', 'dune']);
    } finally {
      await later.close();
    }
  });
});

describe('a fingerprint that was changed in the lockfile', () => {
  /** Flips a letter of the fingerprint, as a disk or a hand may; where `isSealed`, its checksum fits again. */
  const flip = async (film: TestProject, isSealed: boolean) => {
    const path = join(film.folder, 'film.lock.json');
    const lockfile = JSON.parse(await readFile(path, 'utf8')) as {
      shots: { sea: { takes: { 1: { attempts: Record<string, unknown>[] } } } };
    };
    const [kept] = lockfile.shots.sea.takes[1].attempts;
    if (!kept) throw new Error('nothing was bought');
    const { check, ...attempt } = kept;
    attempt['fingerprint'] = String(attempt['fingerprint']).replace(/^./, (digit) =>
      digit === '0' ? '1' : '0',
    );
    const sealed = crc32(JSON.stringify(attempt)).toString(16).padStart(8, '0');
    lockfile.shots.sea.takes[1].attempts = [{ ...attempt, check: isSealed ? sealed : check }];
    await writeFile(path, JSON.stringify(lockfile, undefined, 2));
  };
  const withoutReceipts = (film: TestProject) =>
    rm(join(film.folder, '.dailies/receipts'), { recursive: true });

  it.each([
    ['as the receipts tell', false, true, 0],
    ['with a checksum that fits, beside the receipts', true, true, 0],
    ['with a checksum that fits, without receipts', true, false, 0],
  ])('buys nothing: %s', async (_, isSealed, hasReceipts) => {
    const film = await project(sea('prompt: waves'));
    await film.run();
    await flip(film, isSealed);
    if (!hasReceipts) await withoutReceipts(film);
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse' }]);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(server.counters.posts).toBe(1);
  });

  it('stops the run where nothing tells what it was', async () => {
    const film = await project(sea('prompt: waves'));
    await film.run();
    await flip(film, false);
    await withoutReceipts(film);
    await expect(film.run()).rejects.toMatchObject({ code: 'lockfile-corrupt' });
    expect(server.counters.posts).toBe(1);
  });
});
