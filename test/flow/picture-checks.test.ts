import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { USUAL_THRESHOLDS } from '../../src/domain/finding.js';
import type { Report } from '../../src/domain/report.js';
import { checkClips } from '../../src/flow/commands/check.js';
import { makeSheet } from '../../src/flow/commands/status.js';
import { openPictureChecks } from '../../src/flow/work/picture-checks.js';
import { sheetTake } from '../../src/sheet/sheet-data.js';
import { junitXml } from '../../src/ui/ci-reports.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';
import { slateFilm } from '../media/slate-film.js';

const server = useGateway();
let clip: Buffer;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-checks-'));
  clip = slateFilm(folder, { seconds: 4, size: '1280x720', faults: { black: [2, 4] } });
}, 60_000);
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const CHECKS = 'checks: [black, freeze, silence]';
const ENV = { PATH: process.env['PATH'] };
const NONE = { PATH: '/nowhere' };
const project = (top = CHECKS, env: NodeJS.ProcessEnv = ENV) =>
  makeProject(
    { baseUrl: server.baseUrl, clock: fastClock(200), top, env },
    '  - { id: sea, prompt: waves, generate_audio: true }',
  );
const never = () => new AbortController().signal;
const finding = {
  check: 'black',
  from_s: expect.closeTo(2, 1) as number,
  to_s: expect.closeTo(4, 1) as number,
  output: 0,
  message: 'black from 2.0 s to 4.0 s',
};
const reportOf = async (film: { read: (path: string) => Promise<string> }) =>
  JSON.parse(await film.read('renders/film/report.json')) as Report;

describe('picture checks', () => {
  it('find a black half as the clip is delivered, and warn of it everywhere', async () => {
    const film = await project();
    const { events, ...summary } = await film.run();
    expect(summary).toMatchObject({ exit_code: 0, counts: { submitted: 1, delivered: 1 } });
    expect(events.filter(({ type }) => type === 'warning')).toMatchObject([{ key: 'sea', finding }]);
    expect(junitXml(summary)).toContain('<system-out>warning: black from 2.0 s to 4.0 s</system-out>');
    const { takes } = await reportOf(film);
    expect(takes).toMatchObject([{ findings: [finding], outputs: [{ warnings: [finding.message] }] }]);
    expect(takes.map((take) => sheetTake(take))).toMatchObject([
      { clips: [{ marks: [{ kind: 'black', from: expect.closeTo(0.5, 1) as number, to: 1 }] }] },
    ]);
  });

  it('buy nothing, shape no fingerprint, and look at each content once', async () => {
    const film = await project('');
    await film.run();
    const before = JSON.stringify(await film.lockfile());
    const manifest = await readFile(film.manifest, 'utf8');
    await film.write(manifest.replace('shots:', `${CHECKS}\nshots:`));
    const run = await film.run();
    expect(run).toMatchObject({ exit_code: 0, counts: { submitted: 0, reused: 1 } });
    expect(server.counters.posts).toBe(1);
    expect(JSON.stringify(await film.lockfile())).toBe(before);
    expect((await reportOf(film)).takes).toMatchObject([{ findings: [finding] }]);
    // What is known needs no ffmpeg.
    const { env: _, ...loaded } = await film.load();
    const account = await checkClips({ ...loaded, env: NONE }, never());
    expect(account).toMatchObject({ checked: 1, skipped: 0, findings: [{ key: 'sea', ...finding }] });
  });

  it('are skipped without ffmpeg, which is said once', async () => {
    const film = await project(CHECKS, NONE);
    const { events, exit_code } = await film.run();
    expect(exit_code).toBe(0);
    expect(events.filter(({ type }) => type === 'warning')).toMatchObject([
      { message: 'ffmpeg was not found: picture checks are skipped' },
    ]);
    expect((await reportOf(film)).takes[0]).not.toHaveProperty('findings');
  });

  it('go by the thresholds of the manifest', async () => {
    const film = await project('checks: { black: { seconds: 3 }, silence: }');
    await film.run();
    expect((await reportOf(film)).takes).toMatchObject([{ findings: [], outputs: [{ warnings: [] }] }]);
  });

  it('are made of what is delivered by dailies check, and shown by the next sheet', async () => {
    const film = await project('');
    await film.run();
    expect((await reportOf(film)).takes[0]).not.toHaveProperty('findings');
    const loaded = await film.load();
    const requests = server.requests.length;
    expect(await checkClips(loaded, never())).toMatchObject({ checked: 1, findings: [{ key: 'sea' }] });
    await makeSheet(loaded, () => '<html></html>');
    expect((await reportOf(film)).takes).toMatchObject([{ findings: [finding] }]);
    expect(server.requests.length).toBe(requests);
  });

  it('say of a clip that cannot be decoded that it was not checked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dailies-checks-'));
    await writeFile(join(folder, 'a.mp4'), 'no clip');
    const warnings: string[] = [];
    const checks = await openPictureChecks({
      checks: { black: USUAL_THRESHOLDS.black },
      clips: { asFile: (_, use) => use(join(folder, 'a.mp4')) },
      paths: { cache: folder },
      env: ENV,
      signal: never(),
      warn: (message) => void warnings.push(message),
    });
    expect(await checks.check({ sha256: 'a'.repeat(64), media: MEDIA })).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^a clip could not be checked: cannot look for black/)]);
  });

  it('look at two clips at once, however many are delivered', async () => {
    let [now, most] = [0, 0];
    const checks = await openPictureChecks({
      checks: { black: USUAL_THRESHOLDS.black },
      clips: {
        async asFile() {
          most = Math.max(most, ++now);
          await new Promise(setImmediate);
          now -= 1;
          throw new Error('enough');
        },
      },
      paths: { cache: await mkdtemp(join(tmpdir(), 'dailies-checks-')) },
      env: ENV,
      signal: never(),
      warn: () => undefined,
    });
    const ids = Array.from({ length: 20 }, (_, n) => n.toString(16).padStart(64, '0'));
    await Promise.all(ids.map((sha256) => checks.check({ sha256, media: MEDIA })));
    expect(most).toBe(2);
  });
});

const MEDIA = { container: 'mp4', duration_s: 4, width: 1280, height: 720, video_codec: 'h264' } as const;
