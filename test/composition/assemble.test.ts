import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { assembleEach, assembleFilm } from '../../src/flow/commands/assemble.js';
import { loadProject } from '../../src/flow/project/project.js';
import { readFacts } from '../../src/media/facts.js';
import { cli } from '../helpers/cli.js';
import { makeClip, type Rgb } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import { apart, ffmpeg, filesIn, frameOf, middle, pick } from './films.js';

const server = useGateway();

const RED: Rgb = [200, 40, 40];
const GREEN: Rgb = [40, 160, 60];
const BLUE: Rgb = [40, 70, 200];

/** Clips by the prompt that asks for them. */
async function answerWith(wishes: Readonly<Record<string, Parameters<typeof makeClip>[0]>>): Promise<void> {
  const made = new Map<string, Buffer>();
  for (const [prompt, wish] of Object.entries(wishes)) made.set(prompt, await makeClip(wish));
  server.autoComplete((job) => made.get(String(job.body['prompt'])) ?? Buffer.alloc(0));
}

const signal = new AbortController().signal;
/** Without ffmpeg, unless it is given one. */
const assemble = async (film: TestProject, env: NodeJS.ProcessEnv = {}) =>
  assembleFilm(await loadProject({ manifest: film.manifest, env }), signal);

const THREE = ['one', 'two', 'three'].map((id) => `  - { id: ${id}, prompt: ${id} }`).join('\n');
const ALIKE = { one: { color: RED }, two: { color: GREEN }, three: { color: BLUE, seconds: 2 } };

/** The colour of a film at some seconds. */
async function colourAt(film: TestProject, at: number): Promise<Rgb> {
  return middle(await frameOf(join(film.folder, 'renders/film/film.mp4'), at));
}

describe('a film', () => {
  it('joins clips that agree as they are, in the order of the manifest, without ffmpeg', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl, top: 'concurrency: 1' }, THREE);
    await film.run();
    const made = await assemble(film);
    expect(made).toMatchObject({ method: 'remux', clips: 3, duration_s: 4 });
    expect(made.path).toBe(join(film.folder, 'renders/film/film.mp4'));
    expect(readFacts(made.path, 'mp4')).toMatchObject({ duration_s: 4, width: 64, height: 36 });
  });

  it.skipIf(!ffmpeg)(
    'shows the picked takes one after the other (skipped where there is no ffmpeg)',
    async () => {
      const colours = [RED, GREEN, BLUE];
      const clips = await Promise.all(colours.map((color) => makeClip({ color })));
      server.autoComplete((job) => clips[Number(job.body['seed'] ?? 3) - 1] ?? Buffer.alloc(0));
      const film = await makeProject(
        { baseUrl: server.baseUrl },
        '  - { id: a, prompt: a, seed: 1, takes: 2 }\n  - { id: b, prompt: b }',
      );
      await film.run();
      await pick(film, { a: 2 });
      await assemble(film);
      expect(apart(await colourAt(film, 0.5), GREEN)).toBeLessThan(40);
      expect(apart(await colourAt(film, 1.5), BLUE)).toBeLessThan(40);
      await pick(film, { a: null });
      await assemble(film);
      expect(apart(await colourAt(film, 0.5), RED)).toBeLessThan(40);
    },
  );

  it.skipIf(!ffmpeg)('makes clips alike that differ, with ffmpeg (skipped where there is none)', async () => {
    await answerWith({ ...ALIKE, two: { color: GREEN, width: 48, height: 48 } });
    const film = await makeProject({ baseUrl: server.baseUrl }, THREE);
    await film.run();
    const made = await assemble(film, { PATH: process.env['PATH'] });
    expect(made).toMatchObject({ method: 'ffmpeg', clips: 3 });
    expect(apart(await colourAt(film, 1.5), GREEN)).toBeLessThan(40);
  });

  it('is refused where clips differ and there is no ffmpeg, and the film that is there stays', async () => {
    await answerWith({ ...ALIKE, two: { width: 48, height: 48 } });
    const film = await makeProject({ baseUrl: server.baseUrl }, THREE);
    await film.run();
    await film.write(THREE.split('\n')[0] ?? '');
    const older = await readFile((await assemble(film)).path);
    await film.write(THREE);
    await expect(assemble(film)).rejects.toMatchObject({ code: 'tool-missing', exitCode: 1 });
    expect(await readFile(join(film.folder, 'renders/film/film.mp4'))).toEqual(older);
  });

  it('replaces the film that it has joined before, and no other file', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, THREE);
    await film.run();
    await assemble(film);
    await film.write(THREE.split('\n').slice(1).join('\n'));
    expect(await assemble(film)).toMatchObject({ clips: 2, duration_s: 3 });
    await writeFile(join(film.folder, 'renders/film/film.mp4'), 'cut by hand');
    await expect(assemble(film)).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
    expect(await film.read('renders/film/film.mp4')).toBe('cut by hand');
  });

  it('leaves the film as it lies where it comes out the same', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, THREE);
    await film.run();
    const first = await assemble(film);
    const { mtimeMs } = await stat(first.path);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    expect(await assemble(film).finally(() => vi.useRealTimers())).toEqual(first);
    expect((await stat(first.path)).mtimeMs).toBe(mtimeMs);
    expect(await filesIn(film.folder, '.dailies')).not.toContain('film.film.part');
  });

  it('names the clips it lacks, and the takes that were picked and are not there', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, THREE);
    await film.write(THREE.replace('prompt: one', 'prompt: one, takes: 2'));
    await film.run({ only: ['one'] });
    await pick(film, { one: 2 });
    await film.lose('one/one.take-2.mp4');
    await film.lose('one/one.mp4');
    await expect(assemble(film)).rejects.toMatchObject({
      exitCode: 1,
      message: 'there is no clip yet for one@2, two, three',
    });
    await pick(film, { one: 1 });
    await film.run();
    await film.lose('three/three.mp4');
    await expect(assemble(film)).rejects.toMatchObject({ message: 'there is no clip yet for three' });
    expect(await filesIn(film.folder, 'renders/film')).not.toContain('film.mp4');
  });

  it('says of a clip that was made from something else that it is out of date', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, THREE);
    await film.run({ only: ['one', 'two'] });
    await film.write(THREE.replace('prompt: two', 'prompt: three'));
    await expect(assemble(film)).rejects.toMatchObject({
      exitCode: 1,
      message: 'there is no clip yet for three; out of date: two (prompt changed)',
    });
  });

  it.each([
    ['a clip', 'Film', '{id}', 'Film.mp4'],
    ['the folder of a clip', 'film.mp4', '{id}/{id}', 'film.mp4/film.mp4.mp4'],
  ])('does not take the place of %s', async (_, id, name, clip) => {
    await answerWith({ sea: { color: RED } });
    const film = await makeProject(
      { baseUrl: server.baseUrl, top: `output: { dir: renders, name: "${name}" }` },
      `  - { id: ${id}, prompt: sea }`,
    );
    await film.run();
    await expect(assemble(film)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('renders/film.mp4') as string,
    });
    expect(existsSync(join(film.folder, 'renders', clip))).toBe(true);
  });
});

describe('films of some shots', () => {
  const LANGS = `  - id: hook
    prompt: "{{word}}"
    matrix: { lang: [de, fr], include: [{ lang: de, word: one }, { lang: fr, word: two }] }
  - { id: end, prompt: three }`;

  it('are those of one value, with the shots that have none, under its name', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl, top: 'concurrency: 1' }, LANGS);
    await film.run();
    const project = await film.load();
    const films = await assembleEach(project, signal, { each: 'lang' });
    expect(films.map(({ path, clips, duration_s }) => [path.split('/').at(-1), clips, duration_s])).toEqual([
      ['film.de.mp4', 2, 3],
      ['film.fr.mp4', 2, 3],
    ]);
    const one = await assembleFilm(project, signal, { where: { lang: 'fr' } });
    expect(one).toMatchObject({ path: films[1]?.path, clips: 2 });
    expect(await assembleFilm(project, signal, { only: ['hook'] })).toMatchObject({
      clips: 2,
      duration_s: 2,
    });
    expect(await filesIn(film.folder, 'renders/film')).toEqual(
      expect.arrayContaining(['film.de.mp4', 'film.fr.mp4', 'film.hook.mp4']),
    );
    const { stdout, exitCode } = await cli(['assemble', film.manifest, '--each', 'lang', '--format', 'json']);
    expect([exitCode, (JSON.parse(stdout) as { films: unknown[] }).films.length]).toEqual([0, 2]);
  });

  it('are not made of values and shots that there are not', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, LANGS);
    await film.run();
    const project = await film.load();
    await expect(assembleFilm(project, signal, { where: { lang: 'it' } })).rejects.toMatchObject({
      code: 'usage',
      hint: 'the values of lang are de, fr',
    });
    await expect(assembleEach(project, signal, { each: 'language' })).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(assembleFilm(project, signal, { only: ['hok'] })).rejects.toMatchObject({ code: 'usage' });
  });

  it('lack only clips of their own', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, LANGS);
    await film.run({ only: ['hook.de', 'end'] });
    const project = await film.load();
    expect(await assembleFilm(project, signal, { where: { lang: 'de' } })).toMatchObject({ clips: 2 });
    await expect(assembleEach(project, signal, { each: 'lang' })).rejects.toMatchObject({
      message: 'there is no clip yet for hook.fr',
    });
  });

  it.skipIf(!ffmpeg)('say which clips have bars (skipped where there is no ffmpeg)', async () => {
    await answerWith({ ...ALIKE, two: { width: 48, height: 48 }, three: { width: 128, height: 72 } });
    const film = await makeProject({ baseUrl: server.baseUrl }, THREE);
    await film.run();
    expect(await assemble(film, { PATH: process.env['PATH'] })).toMatchObject({ letterboxed: ['two'] });
    const { stderr } = await cli(['assemble', film.manifest]);
    expect(stderr).toContain('film.mp4 has bars round two: they have another shape than the first clip');
  });
});

describe('captions', () => {
  const SHOTS = `  - { id: one, prompt: one, captions: { de: "Guten {{time}}", fr: Bonjour }, vars: { time: Morgen } }
  - { id: three, prompt: three }
  - { id: two, prompt: two, captions: { de: "1 < 2 --> 3" } }`;

  it('are written beside the film for each language, and last as long as their shots', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    await film.run();
    const { captions } = await assemble(film);
    expect(captions.map((path) => path.split('/').at(-1))).toEqual([
      ...['film.de.vtt', 'film.de.srt', 'film.fr.vtt', 'film.fr.srt'],
    ]);
    expect(await film.read('renders/film/film.de.vtt')).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nGuten Morgen\n\n00:00:03.000 --> 00:00:04.000\n1 &lt; 2 --&gt; 3\n',
    );
    expect(await film.read('renders/film/film.de.srt')).toBe(
      '1\n00:00:00,000 --> 00:00:01,000\nGuten Morgen\n\n2\n00:00:03,000 --> 00:00:04,000\n1 < 2 → 3\n',
    );
    expect(await film.read('renders/film/film.fr.srt')).toContain('Bonjour');
  });

  it('buy nothing when they are edited, and replace no file of somebody else', async () => {
    await answerWith(ALIKE);
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    await film.run();
    await assemble(film);
    await film.write(SHOTS.replace('Bonjour', 'Salut').replace('captions: { de: "1', 'captions: { it: "1'));
    expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse', 'reuse', 'reuse']);
    await assemble(film);
    expect(await film.read('renders/film/film.fr.vtt')).toContain('Salut');
    await writeFile(join(film.folder, 'renders/film/film.fr.vtt'), 'by hand');
    await expect(assemble(film)).rejects.toMatchObject({ code: 'usage' });
    expect(await film.read('renders/film/film.fr.vtt')).toBe('by hand');
  });

  it.skipIf(!ffmpeg)('follow clips that ffmpeg makes alike (skipped where there is no ffmpeg)', async () => {
    await answerWith({ ...ALIKE, three: { color: BLUE, seconds: 1.5, fps: 30 } });
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    await film.run();
    await assemble(film, { PATH: process.env['PATH'] });
    expect(await film.read('renders/film/film.de.vtt')).toContain('00:00:02.500 --> 00:00:03.500');
  });
});
