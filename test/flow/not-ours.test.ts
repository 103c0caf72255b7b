import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManifestError } from '../../src/errors.js';
import { makeSheet } from '../../src/flow/commands/status.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
const red = await orderedClip({ color: [200, 30, 30] });

const project = (shots: string, top = '') => makeProject({ baseUrl: server.baseUrl, top }, shots);
const at = (film: TestProject, path: string) => join(film.folder, 'renders/film', path);

async function put(film: TestProject, path: string, text = 'mine'): Promise<void> {
  await mkdir(join(at(film, path), '..'), { recursive: true });
  await writeFile(at(film, path), text);
}

describe('what belongs to somebody else', () => {
  it.each(['sea/sea.mp4', 'sea/sea.webm', 'sea/sea.json', 'sea', 'index.html', 'report.json'])(
    'is never overwritten: %s',
    async (path) => {
      server.autoComplete(clip);
      const film = await project('  - { id: sea, prompt: waves }');
      await put(film, path);
      await expect(film.plan()).rejects.toMatchObject({ diagnostics: [{ code: 'file-not-ours' }] });
      await expect(film.run()).rejects.toMatchObject({ exitCode: 2 });
      expect(await readFile(at(film, path), 'utf8')).toBe('mine');
      expect(server.counters.posts).toBe(0);
    },
  );

  it.each([
    ['in one text', () => '<!doctype html><p>mine</p>'],
    ['in pieces', () => ['<!doctype html>', '<p>mine</p>']],
    ['in time', () => Promise.resolve('<!doctype html><p>mine</p>')],
  ])(
    'is not a contact sheet that the caller renders %s: the next run replaces it',
    async (_, renderSheet) => {
      server.autoComplete(clip);
      const film = await project('  - { id: sea, prompt: waves }');
      await film.run({ renderSheet });
      expect(await readFile(at(film, 'index.html'), 'utf8')).toBe(
        '<!-- dailies -->\n<!doctype html><p>mine</p>',
      );
      await film.write('  - { id: sea, prompt: waves }\n  - { id: two, prompt: rain }');
      expect(await film.run({ renderSheet })).toMatchObject({ exit_code: 0, counts: { delivered: 2 } });
    },
  );

  it.each(['index.html', 'report.json'])('is kept by the contact sheet too: %s', async (path) => {
    const film = await project('  - { id: sea, prompt: waves }');
    await put(film, path);
    await expect(makeSheet(await film.load(), () => 'sheet')).rejects.toMatchObject({
      exitCode: 2,
      diagnostics: [{ code: 'file-not-ours' }],
    });
    expect(await readFile(at(film, path), 'utf8')).toBe('mine');
  });

  it('may be a folder with the name of the contact sheet', async () => {
    const film = await project('  - { id: sea, prompt: waves }');
    await mkdir(at(film, 'index.html'), { recursive: true });
    await expect(film.run()).rejects.toMatchObject({ diagnostics: [{ code: 'file-not-ours' }] });
    expect(server.counters.posts).toBe(0);
  });

  it('is not what lies beside a clip of ours, even if a power cut has left it empty', async () => {
    server.autoComplete(clip);
    const film = await project('  - { id: sea, prompt: waves }');
    await film.run();
    await writeFile(at(film, 'sea/sea.json'), '');
    expect(await film.run({ rerender: ['sea'] })).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(await readFile(at(film, 'sea/sea.json'), 'utf8')).toContain('"shot": "sea"');
  });

  it('keeps its place where a second output would go: the clip waits beside it, and the batch goes on', async () => {
    server.autoComplete((job) => (job.body['prompt'] === 'two' ? [clip, red] : clip));
    const film = await project(
      '  - { id: two, prompt: two }\n  - { id: one, prompt: one }',
      'concurrency: 1',
    );
    await put(film, 'two/two.2.mp4');
    const first = await film.run();
    expect(first).toMatchObject({ exit_code: 1, shots: [{ outcome: 'waiting' }, { outcome: 'delivered' }] });
    expect(await film.run()).toMatchObject({ exit_code: 1 });
    expect(await readFile(at(film, 'two/two.2.mp4'), 'utf8')).toBe('mine');
    await rm(at(film, 'two/two.2.mp4'));
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await readFile(at(film, 'two/two.2.mp4'))).toEqual(red);
    expect(server.counters.posts).toBe(2);
  });

  it('may be the report of another project in the same folder: a warning names it before it is replaced', async () => {
    server.autoComplete(clip);
    const film = await project('  - { id: sea, prompt: waves }', 'output: out');
    expect((await film.run()).events.some(({ type }) => type === 'diagnostic')).toBe(false);
    const text = (await film.read('film.yaml')).replace('project: film', 'project: other');
    await film.write(text);
    const warning = {
      code: 'report-not-ours',
      severity: 'warning',
      message:
        'out/report.json belongs to the project "film": a run of this project replaces it and the contact sheet',
    };
    expect((await film.plan()).diagnostics).toMatchObject([warning]);
    const { events } = await film.run();
    expect(events.filter(({ type }) => type === 'diagnostic')).toMatchObject([{ diagnostic: warning }]);
    expect((await film.plan()).diagnostics).toEqual([]);
  });
});

describe('a job with several clips of which one is missing', () => {
  it.each(['two/two.mp4', 'two/two.2.mp4'])(
    'fetches again without %s, and the batch goes on',
    async (missing) => {
      server.autoComplete((job) => (job.body['prompt'] === 'two' ? [clip, red] : clip));
      const film = await project('  - { id: two, prompt: two }');
      await film.run();
      await film.lose(missing);
      await film.write('  - { id: two, prompt: two }\n  - { id: one, prompt: one }');
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { delivered: 2 } });
      expect(await readFile(at(film, 'two/two.mp4'))).toEqual(clip);
      expect(await readFile(at(film, 'two/two.2.mp4'))).toEqual(red);
      expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse', 'reuse']);
      expect(server.counters.posts).toBe(2);
    },
  );
});

describe('a private address', () => {
  it('is refused for a remote gateway without anybody being asked', async () => {
    const film = await project('  - { id: sea, prompt: waves, first_frame: "https://192.168.0.1/a.png" }');
    await film.write(
      (await film.read('film.yaml'))
        .replace(/^gateway:.*$/m, 'gateway: openrouter')
        .replace(/^poll:.*$/m, ''),
    );
    const codes = await film.plan({ offline: true }).then(
      () => [],
      (error: unknown) =>
        error instanceof ManifestError ? error.diagnostics.map(({ code }) => code) : [error],
    );
    expect(codes).toContain('private-url');
  });
});
