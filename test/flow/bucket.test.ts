import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assembleFilm } from '../../src/flow/commands/assemble.js';
import { pruneClips } from '../../src/flow/commands/prune.js';
import { pullClips } from '../../src/flow/commands/pull.js';
import { runProject } from '../../src/flow/commands/run.js';
import { projectStatus } from '../../src/flow/commands/status.js';
import { planProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { refusal, startBucket, type BucketRequest, type BucketServer } from '../helpers/bucket.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const gateway = useGateway();
const clips = await Promise.all([40, 90, 140, 190].map((red) => makeClip({ color: [red, 90, 30] })));
const ONE = '  - { id: sea, prompt: waves }';
const TWO = '  - { id: sea, prompt: waves }\n  - { id: sky, prompt: clouds }';
const env = { TEST_KEY: 'sk-test-0123456789' };

let bucket: BucketServer;
let prefix = 0;
beforeAll(async () => {
  bucket = await startBucket();
});
afterAll(() => bucket.close());
beforeEach(() => {
  prefix++;
  gateway.autoComplete((job) => clips[gateway.jobs.indexOf(job) % clips.length] ?? Buffer.alloc(0));
});
afterEach(() => {
  bucket.onTheWay = undefined;
  bucket.onDone = undefined;
});

/** A machine with a manifest, whose clips go into the bucket of this test. */
function machine(folder: string, name = 'film.yaml') {
  const manifest = join(folder, name);
  const load = () => loadProject({ manifest, env, clips: bucket.address(`team/p${prefix}`) });
  const renderSheet = () => '<p>sheet</p>';
  return {
    folder,
    manifest,
    load,
    run: async () => runProject(await load(), { renderSheet }),
    plan: async () => planProject(await load(), { offline: true }),
    status: async () => projectStatus(await load()),
    prune: async () => pruneClips(await load(), { remove: true }),
    pull: async (signal = new AbortController().signal) => pullClips(await load(), { renderSheet, signal }),
    outputs: async () =>
      (await readdir(join(folder, 'renders'), { recursive: true }).catch(() => []))
        .filter((one) => one.endsWith('.mp4'))
        .sort(),
  };
}

async function newMachine(shots = ONE) {
  const project = await makeProject({ baseUrl: gateway.baseUrl }, shots);
  return Object.assign(machine(project.folder), { write: (text: string) => project.write(text) });
}

/** Another machine with the same manifest, and nothing else. */
async function elsewhere({ manifest }: { readonly manifest: string }) {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-elsewhere-'));
  await cp(manifest, join(folder, 'film.yaml'));
  return machine(folder);
}

const posts = () => gateway.counters.posts;
const isClip = ({ name }: BucketRequest) => name.includes('/clips/');
const delivered = { exit_code: 0 };

describe('a project whose clips are in a bucket', () => {
  it('is delivered there, makes no names here, and is at rest the next time', async () => {
    const film = await newMachine();
    expect(await film.run()).toMatchObject({ ...delivered, counts: { submitted: 1 } });
    expect(await film.outputs()).toEqual([]);
    expect(await readdir(join(film.folder, '.dailies/bucket/incoming'))).toEqual([]);
    const { takes } = await film.status();
    const words = expect.stringMatching(
      /^in the bucket: dailies pull brings it here; asked for 4 s/,
    ) as string;
    expect(takes.map(({ state, message }) => [state, message])).toEqual([['delivered', words]]);
    const [before, asked] = [gateway.requests.length, bucket.requests.length];
    expect(await film.run()).toMatchObject({ ...delivered, counts: { submitted: 0 } });
    expect(gateway.requests.length).toBe(before);
    // A look at the receipts, one at each clip, and one more at the receipts at the end.
    expect(bucket.requests.length - asked).toBeLessThanOrEqual(6);
    expect(await readFile(film.manifest.replace('.yaml', '.lock.json'), 'utf8')).not.toContain('s3');
  });

  it('buys nothing again when its lockfile is lost: the receipts in the bucket restore it', async () => {
    const film = await newMachine();
    await film.run();
    const before = JSON.parse(await readFile(join(film.folder, 'film.lock.json'), 'utf8')) as object;
    for (const path of ['film.lock.json', '.dailies']) await rm(join(film.folder, path), { recursive: true });
    expect((await film.plan()).diagnostics.map(({ code }) => code)).toContain('state-repaired');
    expect(await film.run()).toMatchObject({ ...delivered, counts: { submitted: 0 } });
    const after = JSON.parse(await readFile(join(film.folder, 'film.lock.json'), 'utf8')) as object;
    expect(after).toMatchObject({ project_id: (before as { project_id: string }).project_id });
    expect(posts()).toBe(1);
  });

  it('buys nothing again on another machine that has the manifest alone', async () => {
    const film = await newMachine(TWO);
    await film.run();
    const other = await elsewhere(film);
    expect(await other.run()).toMatchObject({ ...delivered, counts: { submitted: 0 } });
    expect(posts()).toBe(2);
    // Each of the two keeps what both need.
    await film.write(ONE);
    await film.run();
    expect(await film.prune()).toEqual([]);
    expect(await other.pull()).toMatchObject({ clips: 2, missing: [] });
  });

  it('takes nothing from a neighbour of the same name that asks for something else', async () => {
    const film = await newMachine();
    await film.run();
    const other = await elsewhere(film);
    const text = await readFile(other.manifest, 'utf8');
    await writeFile(other.manifest, text.replace('waves', 'ebb'));
    expect(await other.run()).toMatchObject({ ...delivered, counts: { submitted: 1 } });
    expect((await other.status()).takes).toHaveLength(1);
  });

  it('removes what it needs no more, and nothing that another project needs', async () => {
    const film = await newMachine(TWO);
    await film.run();
    const text = (await readFile(film.manifest, 'utf8')).replace('project: film', 'project: other');
    await writeFile(join(film.folder, 'other.yaml'), text.replace('waves', 'ebb'));
    const other = machine(film.folder, 'other.yaml');
    // The gateway sends both the same bytes for the sea.
    gateway.autoComplete(clips[0] ?? Buffer.alloc(0));
    await other.run();
    await film.write('  - { id: hill, prompt: grass }');
    gateway.autoComplete(clips[3] ?? Buffer.alloc(0));
    await film.run();
    const sky = createHash('sha256')
      .update(clips[1] ?? '')
      .digest('hex');
    expect((await film.prune()).map(({ sha256 }) => sha256)).toEqual([sky]);
    expect(await other.run()).toMatchObject({ ...delivered, counts: { submitted: 0 } });
    expect(await other.pull()).toMatchObject({ missing: [], clips: 2 });
  });

  it('lends its clips to whatever needs a file', async () => {
    const film = await newMachine();
    await film.run();
    const made = await assembleFilm(await film.load(), new AbortController().signal);
    expect(made).toMatchObject({ clips: 1 });
    expect(await readdir(join(film.folder, '.dailies/bucket/incoming'))).toEqual([]);
  });
});

describe('a bucket that does harm', () => {
  it('by taking a clip in that was changed on its way: it is noticed and sent again', async () => {
    const film = await newMachine();
    let turned = 0;
    bucket.onTheWay = (request) => {
      if (request.method !== 'PUT' || !isClip(request) || turned++ > 0) return {};
      const body = Buffer.from(request.body);
      body[100] = (body[100] ?? 0) ^ 1;
      return { body };
    };
    expect(await film.run()).toMatchObject(delivered);
    expect(turned).toBe(2);
    expect(await film.pull()).toMatchObject({ clips: 1, missing: [] });
    expect(await readFile(join(film.folder, 'renders/film/sea/sea.mp4'))).toEqual(clips[0]);
  });

  it('by being away for a moment in the midst of it all', async () => {
    const film = await newMachine();
    let asked = 0;
    bucket.onTheWay = () => (++asked % 5 === 4 ? 'lost' : asked % 7 === 6 ? refusal(503, 'SlowDown') : {});
    expect(await film.run()).toMatchObject({ ...delivered, counts: { submitted: 1 } });
    expect(posts()).toBe(1);
  });

  it('by refusing clips: nothing more is bought, and what was fetched waits here for the next run', async () => {
    const film = await newMachine();
    bucket.onTheWay = (request) =>
      request.method === 'PUT' && isClip(request) ? refusal(403, 'AccessDenied') : {};
    const failed = await film.run();
    expect(failed).toMatchObject({
      exit_code: 3,
      stopped: { message: expect.stringContaining('access was denied') as string },
    });
    bucket.onTheWay = undefined;
    expect(await film.run()).toMatchObject({ ...delivered, counts: { submitted: 0 } });
    expect(posts()).toBe(1);
  });

  it('by refusing receipts: not one submit leaves', async () => {
    const film = await newMachine();
    bucket.onTheWay = ({ method }) => (method === 'PUT' ? refusal(403, 'AccessDenied') : {});
    expect(await film.run()).toMatchObject({ exit_code: 3 });
    expect(posts()).toBe(0);
    bucket.onTheWay = undefined;
    expect(await film.run()).toMatchObject(delivered);
    expect(posts()).toBe(1);
  });

  it('has to be named by whoever runs it: a manifest cannot', async () => {
    const film = await newMachine();
    const text = await readFile(film.manifest, 'utf8');
    await writeFile(film.manifest, text.replace('shots:', 'clips: s3://clips/elsewhere\nshots:'));
    await expect(film.load()).rejects.toMatchObject({
      diagnostics: [expect.objectContaining({ code: 'path-outside' })],
    });
  });

  it('by not being there: nothing is begun', async () => {
    const film = await newMachine();
    const project = await loadProject({
      manifest: film.manifest,
      env,
      clips: bucket.address('p').replace('s3://clips', 's3://no-such-bucket'),
    });
    await expect(runProject(project)).rejects.toMatchObject({ code: 'bucket', exitCode: 3 });
    expect(posts()).toBe(0);
  });
});

describe('a pull', () => {
  it('makes the named folder on any machine, each clip checked, and fetches nothing twice', async () => {
    const film = await newMachine();
    await film.run();
    const other = await elsewhere(film);
    expect(await other.pull()).toMatchObject({ clips: 1, fetched: 1, missing: [] });
    expect(await other.outputs()).toEqual(['film/sea/sea.mp4']);
    expect(await readFile(join(other.folder, 'renders/film/sea/sea.json'), 'utf8')).toContain(
      '"shot": "sea"',
    );
    expect((await other.status()).takes.map(({ outputs }) => outputs.map(({ path }) => path))).toEqual([
      ['sea/sea.mp4'],
    ]);
    const read = () => bucket.requests.filter((one) => one.method === 'GET' && isClip(one)).length;
    const before = read();
    expect(await other.pull()).toMatchObject({ clips: 1, fetched: 0 });
    // Not by its bytes either where it is known by its date.
    expect(read()).toBe(before);
    expect(posts()).toBe(1);
  });

  it('that was interrupted goes on with the clips that are missing', async () => {
    const film = await newMachine(TWO);
    await film.run();
    const stop = new AbortController();
    let reads = 0;
    bucket.onTheWay = (request) => {
      if (request.method !== 'GET' || !isClip(request)) return {};
      return ++reads === 2 ? refusal(403, 'AccessDenied') : {};
    };
    await expect(film.pull(stop.signal)).rejects.toMatchObject({ code: 'bucket' });
    bucket.onTheWay = undefined;
    const there = (await film.outputs()).length;
    expect(there).toBeLessThan(2);
    expect(await film.pull()).toMatchObject({ clips: 2, fetched: 2 - there });
    stop.abort();
    await expect(film.pull(stop.signal)).rejects.toThrow();
  });

  it('follows the manifest: a renamed shot gets its new name from here', async () => {
    const film = await newMachine();
    await film.run();
    await film.pull();
    await film.write('  - { id: ocean, prompt: waves }');
    expect(await film.run()).toMatchObject({ ...delivered, counts: { submitted: 0 } });
    expect(await film.pull()).toMatchObject({ clips: 1, missing: [] });
    expect(await film.outputs()).toEqual(['film/ocean/ocean.mp4']);
  });

  it('leaves alone what is not ours, and says so', async () => {
    const film = await newMachine();
    await film.run();
    const path = join(film.folder, 'renders/film/sea/sea.mp4');
    await film.pull();
    await writeFile(path, 'mine');
    expect(await film.pull()).toMatchObject({ fetched: 0 });
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('brings names back from a folder, too', async () => {
    const film = await makeProject({ baseUrl: gateway.baseUrl }, ONE);
    await film.run();
    await rm(join(film.folder, 'renders'), { recursive: true });
    const signal = new AbortController().signal;
    const pulled = await pullClips(await film.load(), { renderSheet: () => '', signal });
    expect(pulled).toMatchObject({ clips: 1, missing: [] });
    expect(await readdir(join(film.folder, 'renders/film/sea'))).toContain('sea.mp4');
  });
});
