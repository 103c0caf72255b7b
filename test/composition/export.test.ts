import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { CutMarker } from '../../src/cut/cut.js';
import { assembleFilm } from '../../src/flow/commands/assemble.js';
import {
  exportCut,
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportWish,
} from '../../src/flow/commands/export.js';
import { loadProject } from '../../src/flow/project/project.js';
import { fcpxmlFaults } from '../cut/fcpxml-grammar.js';
import { otioFaults } from '../cut/otio-shapes.js';
import { elementsOf, readXml } from '../cut/read-xml.js';
import { cli } from '../helpers/cli.js';
import { makeClip, type Rgb } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import { ffmpeg } from './films.js';

const server = useGateway();
const ODD = `&<>"' ü 日本`;
const PROMPT = `a sign says ${ODD}\nand ]]> too`;

/** White at first, black in the end: each border of a clip can be seen. */
const bordered =
  (frames: number) =>
  (frame: number): Rgb =>
    frame === 0 ? [240, 240, 240] : frame >= frames - 2 ? [10, 10, 10] : [60, 110, 190];
const clipOf = (frames: number, fps: number, more: Parameters<typeof makeClip>[0] = {}) =>
  makeClip({ fps, seconds: frames / fps, color: bordered(frames), ...more });

const manifest = (shots: string) => `version: 1
project: ${JSON.stringify(ODD)}
gateway: { base_url: "${server.baseUrl}", api_key_env: TEST_KEY }
poll: { interval: 0.02, timeout: 20 }
output: ${JSON.stringify(`renders ${ODD.replaceAll(/[<>"]/g, '')} 100%`)}
defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }
shots:
${shots}`;

const A = `  - { id: a, prompt: ${JSON.stringify(PROMPT)}, seed: 7, takes: 2 }\n`;
const GAP = '  - { id: gap, prompt: later, duration: 6 }\n';
const REST = '  - { id: 夜, prompt: c }\n  - { id: d, prompt: d }\n';

/** A film with two takes, a gap, and clips of three rates and two sizes. */
async function filmOf(shots = A + GAP + REST): Promise<TestProject> {
  const clips = new Map([
    ['7', await clipOf(24, 24)],
    ['8', await clipOf(36, 24, { audio: true })],
    ['c', await clipOf(45, 30, { width: 128, height: 72 })],
    ['d', await clipOf(26, 25)],
  ]);
  server.autoComplete(({ body }) => clips.get(String(body['seed'] ?? body['prompt'])) ?? Buffer.alloc(0), {
    cost: 0.12,
  });
  const film = await makeProject({ baseUrl: server.baseUrl }, manifest(shots));
  await film.run({ only: ['a', '夜', 'd'] });
  const picked = await cli(['pick', film.manifest, 'a@2']);
  expect(picked.exitCode).toBe(0);
  return film;
}

async function exported(film: TestProject, to: ExportFormat, wish: Partial<ExportWish> = {}) {
  const made = await exportCut(await film.load(), { to, ...wish });
  return { ...made, text: await readFile(made.path, 'utf8') };
}

/** The clips and gaps of a cut, with their first frame and the frame after their last, in frames of the sequence. */
type Borders = readonly (readonly [name: string, start: number, end: number])[];

interface OtioItem {
  readonly OTIO_SCHEMA: string;
  readonly name: string;
  readonly source_range: { readonly duration: { readonly value: number; readonly rate: number } };
  readonly media_references: Readonly<Record<string, { readonly target_url: string }>>;
  readonly markers: readonly { readonly comment: string; readonly marked_range: object }[];
  readonly metadata: { readonly dailies: Readonly<Record<string, unknown>> };
}
interface OtioTimeline {
  readonly tracks: {
    readonly children: readonly { readonly kind: string; readonly children: readonly OtioItem[] }[];
  };
}

function otioBorders(text: string, fps: number): Borders {
  const { tracks } = JSON.parse(text) as OtioTimeline;
  let at = 0;
  return (tracks.children[0]?.children ?? []).map(({ name, source_range: { duration } }) => {
    const start = at;
    at += Math.round((duration.value / duration.rate) * fps);
    return [name, start, at];
  });
}

function seconds(time = '0s'): number {
  const [top = 0, bottom = 1] = time.replace('s', '').split('/').map(Number);
  return top / bottom;
}

function fcpxmlBorders(text: string, fps: number): Borders {
  const [spine] = elementsOf(readXml(text).root, 'spine');
  return (spine?.children ?? []).map((child) => {
    const { attributes } = child.name === 'audition' ? (child.children[0] ?? child) : child;
    const start = seconds(child.attributes['offset']) * fps;
    const length = seconds(attributes['duration']) * fps;
    return [
      attributes['name'] ?? '',
      Math.round(start * 1e6) / 1e6,
      Math.round((start + length) * 1e6) / 1e6,
    ];
  });
}

function edlBorders(text: string, fps: number): Borders {
  const frames = (code: string) => {
    const [hours = 0, minutes = 0, secs = 0, rest = 0] = code.split(':').map(Number);
    return ((hours * 60 + minutes) * 60 + secs) * Math.round(fps) + rest - 3600 * Math.round(fps);
  };
  const code = String.raw`(\d\d:\d\d:\d\d:\d\d)`;
  const event = new RegExp(
    `^\\d{3}  [A-Z0-9]{1,8} +(?:V|AA/V) +C +${code} ${code} ${code} ${code}\n\\* FROM CLIP NAME: (.*)$`,
    'gmu',
  );
  return [...text.matchAll(event)].map(([, from = '', to = '', start = '', end = '', name = '']) => {
    expect(frames(to) - frames(from)).toBe(frames(end) - frames(start));
    return [name, frames(start), frames(end)];
  });
}

function csvBorders(text: string): Borders {
  return text.split('\r\n').flatMap((row) => {
    const found = /^([^,]+),(\d+),true,\w+,\w+,(\d+),(\d+),/.exec(row);
    if (!found) return [];
    const [, shot = '', take, start, end] = found;
    return [[shot === 'a' ? `${shot}@${take}` : shot, Number(start), Number(end)]];
  });
}

const BORDERS = { otio: otioBorders, fcpxml: fcpxmlBorders, edl: edlBorders, csv: csvBorders } as const;

describe('an exported cut', () => {
  it.each(EXPORT_FORMATS)(
    'has the shots in order, to the frame, with gaps where there is no clip: %s',
    async (to) => {
      const { text, clips, gaps } = await exported(await filmOf(), to);
      expect([clips, gaps]).toEqual([3, 1]);
      const all: Borders = [
        ['a@2', 0, 36],
        ['gap', 36, 36 + 144],
        ['夜', 180, 180 + 36],
        ['d', 216, 216 + 25],
      ];
      expect(BORDERS[to](text, 24)).toEqual(to === 'csv' ? all.filter(([name]) => name !== 'gap') : all);
    },
  );

  it.skipIf(!ffmpeg)('begins and ends each clip where the film does (skipped without ffmpeg)', async () => {
    const film = await filmOf(A + REST);
    const project = await loadProject({ manifest: film.manifest, env: { PATH: process.env['PATH'] } });
    const made = await assembleFilm(project, new AbortController().signal);
    const lights = await lightOf(made.path);
    for (const to of EXPORT_FORMATS) {
      const borders = BORDERS[to]((await exported(film, to)).text, 24);
      expect(borders.at(-1)?.[2]).toBe(lights.length);
      for (const [, start, end] of borders) {
        expect(lights[start]).toBeGreaterThan(200);
        expect(lights[end - 1]).toBeLessThan(60);
      }
    }
  });

  it('is the timeline that OpenTimelineIO writes, with other takes and what they were made from', async () => {
    const film = await filmOf();
    const { text, path } = await exported(film, 'otio', {
      markers: [{ take: 'd', at_seconds: 0.48, text: `black ${ODD}` }],
    });
    const timeline = JSON.parse(text) as OtioTimeline;
    expect(otioFaults(timeline, ['Timeline.1'])).toEqual([]);
    expect(text).toContain('"rate": 24.0');
    const [video, audio] = timeline.tracks.children;
    const [a, , , d] = video?.children ?? [];
    expect(video?.children.map(({ source_range: { duration } }) => [duration.value, duration.rate])).toEqual([
      [36, 24],
      [144, 24],
      [45, 30],
      [26, 25],
    ]);
    expect(audio?.children.map(({ OTIO_SCHEMA }) => OTIO_SCHEMA)).toEqual([
      'Clip.2',
      'Gap.1',
      'Gap.1',
      'Gap.1',
    ]);
    expect(Object.keys(a?.media_references ?? {})).toEqual(['DEFAULT_MEDIA', 'a@1']);
    expect(a?.metadata.dailies).toMatchObject({
      ...{ shot: 'a', take: 2, model: 'google/veo-3.1-lite', prompt: PROMPT, seed: 8, cost_usd: 0.12 },
      job: expect.stringMatching(/./) as string,
    });
    expect(d?.markers).toMatchObject([
      { comment: 'asked for 4 s, got 1.04 s' },
      { comment: 'asked for 720p, got 64x36' },
      { comment: `black ${ODD}`, marked_range: { start_time: { value: 12, rate: 25 } } },
    ]);
    for (const { media_references = {} } of video?.children ?? [])
      for (const { target_url } of Object.values(media_references)) {
        expect(target_url).not.toMatch(/^[/a-z]+:/);
        await readFile(new URL(target_url, `file://${encodeURI(path).replaceAll('#', '%23')}`));
      }
  });

  it("is valid by Apple's grammar, with auditions for takes and URLs that lead to the clips", async () => {
    const film = await filmOf();
    const { text, notes } = await exported(film, 'fcpxml', {
      markers: [{ take: 'd', at_seconds: 0.48, text: ODD }],
    });
    const { doctype, root } = readXml(text);
    expect(doctype).toBe('fcpxml');
    expect(fcpxmlFaults(root)).toEqual([]);
    expect(root.attributes['version']).toBe('1.10');
    expect(elementsOf(root, 'project').map(({ attributes }) => attributes['name'])).toEqual([ODD]);
    const clips = elementsOf(root, 'audition')[0]?.children;
    expect(clips?.map(({ attributes }) => attributes['name'])).toEqual(['a@2', 'a@1']);
    expect(elementsOf(root, 'md').map(({ attributes }) => attributes['value'])).toContain(PROMPT);
    expect(elementsOf(root, 'marker').map(({ attributes }) => attributes['value'])).toContain(ODD);
    expect(elementsOf(root, 'conform-rate').map(({ attributes }) => attributes['srcFrameRate'])).toEqual([
      '30',
      '25',
    ]);
    for (const { attributes } of elementsOf(root, 'media-rep'))
      await readFile(fileURLToPath(attributes['src'] ?? ''));
    expect(notes).toEqual([
      'frame rates differ, and the sequence has 24 fps: 24 fps (a@2), 30 fps (夜), 25 fps (d)',
      'sizes differ, and the sequence has 64x36: 64x36 (a@2, d), 128x72 (夜)',
      'gaps, for there is no clip: gap (6 s)',
    ]);
  });

  it('is a CMX 3600 list whose reels, comments and lines no name can break', async () => {
    const { text } = await exported(await filmOf(), 'edl');
    const lines = text.split('\n');
    expect(lines.slice(0, 2)).toEqual([`TITLE: ${ODD}`, 'FCM: NON-DROP FRAME']);
    expect(
      lines.filter((line) => !/^(|TITLE: .*|FCM: .*|\d{3} {2}.*|\* [A-Z0-9_ ]+: .*)$/.test(line)),
    ).toEqual([]);
    expect(lines).toContain(`* DAILIES PROMPT: ${PROMPT.replace('\n', ' ')}`);
    expect(text).toMatch(/^002 {2}BL {7}V {5}C {8}00:00:00:00 00:00:06:00 01:00:01:12 01:00:07:12$/m);
  });

  it('takes the format of the timeline that is asked for', async () => {
    const film = await filmOf();
    const { text } = await exported(film, 'fcpxml', { sequence: '1920x1080@29.97' });
    const { root } = readXml(text);
    expect(fcpxmlFaults(root)).toEqual([]);
    const [format] = elementsOf(root, 'format');
    expect(format?.attributes).toMatchObject({ frameDuration: '1001/30000s', width: '1920', height: '1080' });
    for (const [, start, end] of fcpxmlBorders(text, 30_000 / 1001))
      expect([start, end].every(Number.isInteger)).toBe(true);
    await expect(exported(film, 'edl', { sequence: '64x36@23.5' })).rejects.toMatchObject({ code: 'usage' });
    for (const sequence of ['1920x1080', '0x1@24', '1920x1080@0', 'x'])
      await expect(exported(film, 'otio', { sequence })).rejects.toMatchObject({ code: 'usage' });
  });

  it('can be moved with its folder, and with copies to a machine that has nothing else', async () => {
    const film = await filmOf();
    const out = join(film.folder, 'hand over', 'cut.otio');
    const { copies } = await exported(film, 'otio', { out, copies: true });
    expect(copies).toBe(4);
    const elsewhere = await mkdtemp(join(tmpdir(), 'dailies-cut-'));
    await cp(dirname(out), elsewhere, { recursive: true });
    await rm(film.folder, { recursive: true });
    expect((await readdir(join(elsewhere, 'cut.media'))).toSorted()).toEqual([
      'a@1.mp4',
      'a@2.mp4',
      'd.mp4',
      '夜.mp4',
    ]);
    const text = await readFile(join(elsewhere, 'cut.otio'), 'utf8');
    const urls = [...text.matchAll(/"target_url": "(.*)"/g)].map(([, url = '']) => decodeURIComponent(url));
    for (const url of urls) await readFile(join(elsewhere, url));
  });

  it('shows a clip that is out of date, and says so', async () => {
    const film = await filmOf();
    await film.write(manifest((A + REST).replace('prompt: c', 'prompt: new')));
    const { text, notes, gaps } = await exported(film, 'csv');
    expect(gaps).toBe(0);
    expect(notes.at(-1)).toBe('out of date: 夜');
    expect(text).toContain('out of date: prompt changed');
  });

  it('replaces what it has written there before, and no other file', async () => {
    const film = await filmOf();
    const { path } = await exported(film, 'otio');
    const other: readonly CutMarker[] = [{ take: 'd', at_seconds: 1, text: 'new' }];
    expect((await exported(film, 'otio', { markers: other })).text).toContain('new');
    await writeFile(path, 'edited by hand');
    await expect(exported(film, 'otio')).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
    expect(await readFile(path, 'utf8')).toBe('edited by hand');
    const copies = { out: join(film.folder, 'cut.edl'), copies: true };
    await exported(film, 'edl', copies);
    await writeFile(join(film.folder, 'cut.media/d.mp4'), 'graded by hand');
    await expect(exported(film, 'edl', copies)).rejects.toMatchObject({ code: 'usage' });
    expect(await film.read('cut.media/d.mp4')).toBe('graded by hand');
  });

  it('can be written before anything is rendered', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, manifest(A + GAP));
    for (const to of EXPORT_FORMATS) {
      const { text, gaps } = await exported(film, to);
      expect(gaps).toBe(2);
      if (to === 'fcpxml') expect(fcpxmlFaults(readXml(text).root)).toEqual([]);
      if (to === 'otio') expect(otioFaults(JSON.parse(text), ['Timeline.1'])).toEqual([]);
    }
  });

  it('prints where it is, and what an editor should know', async () => {
    const film = await filmOf();
    const { stdout, stderr, exitCode } = await cli(['export', film.manifest, '--to', 'edl']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\.edl {2}3 clips, 1 gap\n$/);
    expect(stderr).toContain('note: gaps, for there is no clip: gap (6 s)');
    const json = await cli(['export', film.manifest, '--to', 'csv', '--format', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ format: 'csv', clips: 3, gaps: 1 });
    expect(await cli(['export', film.manifest, '--to', 'edl', '--sequence', '720p'])).toMatchObject({
      exitCode: 2,
    });
    expect(await cli(['export', film.manifest])).toMatchObject({ exitCode: 2 });
  });
});

/** How light each frame of a film is, decoded by ffmpeg. */
async function lightOf(film: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    [
      '-v',
      'error',
      '-i',
      film,
      '-vf',
      'scale=1:1:flags=area,format=gray',
      '-f',
      'rawvideo',
      '-fps_mode',
      'passthrough',
      '-',
    ],
    { encoding: 'buffer' },
  );
  return [...stdout];
}
