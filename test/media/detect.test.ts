import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findingsOf, USUAL_THRESHOLDS, type CheckName, type Finding } from '../../src/domain/finding.js';
import { detect } from '../../src/media/detect.js';
import { findFrameTool } from '../../src/media/frame-tool.js';
import { readDetections } from '../../src/media/read-detections.js';
import { slateFilm, type Faults } from './slate-film.js';

/** What all checks find in a slate film of eight seconds. */
async function found(faults: Faults): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-detect-'));
  const clip = join(folder, '100% of "it".mp4');
  await writeFile(clip, slateFilm(folder, { seconds: 8, faults }));
  const { ffmpeg } = (await findFrameTool(process.env)) ?? {};
  if (!ffmpeg) throw new Error('these tests need ffmpeg');
  const about = { clip, durationSeconds: 8, ffmpeg, signal: new AbortController().signal };
  const look = (check: CheckName) => detect({ check, threshold: USUAL_THRESHOLDS[check] }, about);
  return findingsOf(USUAL_THRESHOLDS, {
    black: await look('black'),
    freeze: await look('freeze'),
    silence: await look('silence'),
  });
}

const near = (seconds: number) => expect.closeTo(seconds, 1) as number;

describe('a slate film', () => {
  it('has nothing to be found', async () => {
    expect(await found({})).toEqual([]);
  });

  it('has a black half, a frozen second and a silent stretch, each at its time, and nothing else', async () => {
    expect(await found({ black: [4, 8], frozen: 1, silent: [2.5, 4.5] })).toEqual([
      { check: 'freeze', from_s: near(1), to_s: near(2) },
      { check: 'silence', from_s: near(2.5), to_s: near(4.5) },
      { check: 'black', from_s: near(4), to_s: near(8) },
    ]);
  });

  it('is black, frozen and silent from its first moment to its last', async () => {
    expect(await found({ black: [0, 9], silent: [0, 9] })).toEqual([
      { check: 'black', from_s: 0, to_s: near(8) },
      { check: 'silence', from_s: near(0), to_s: near(8) },
    ]);
  });
});

describe('what ffmpeg writes', () => {
  it('is read as stretches, and what has not ended lasts to the end', () => {
    const output =
      'frame:24 pts:1 pts_time:1\nlavfi.black_start=1\nlavfi.black_end=2.0417\nframe:99\nlavfi.black_start=3.5\n';
    expect(readDetections('black', output, 4)).toEqual([
      { from_s: 1, to_s: 2.042 },
      { from_s: 3.5, to_s: 4 },
    ]);
  });

  it.each([
    ['an end without a start', 'lavfi.black_end=2\n'],
    ['an end before its start', 'lavfi.black_start=3\nlavfi.black_end=2\n'],
    ['no numbers', 'lavfi.black_start=nan\nlavfi.black_end=inf\n'],
    ['the words of another filter', 'lavfi.silence_start=1\nlavfi.silence_end=2\n'],
    ['nothing', ''],
  ])('is nothing where it is %s', (_, output) => {
    expect(readDetections('black', output, 4)).toEqual([]);
  });

  it('is bounded', () => {
    const output = Array.from({ length: 500 }, (_, n) => `lavfi.black_start=${n}\nlavfi.black_end=${n}.5\n`);
    expect(readDetections('black', output.join(''), 1000)).toHaveLength(100);
  });
});

describe('findings', () => {
  const stretch = (from_s: number, to_s: number) => ({ from_s, to_s });

  it('do not name what is frozen because it is black', () => {
    const freeze = [stretch(0, 3), stretch(4, 9)];
    expect(findingsOf(USUAL_THRESHOLDS, { freeze, black: [stretch(1, 3.5), stretch(4.1, 8.9)] })).toEqual([
      { check: 'freeze', ...stretch(0, 1) },
      { check: 'black', ...stretch(1, 3.5) },
      { check: 'black', ...stretch(4.1, 8.9) },
    ]);
  });

  it('name a black picture as frozen where nobody looks for black', () => {
    const { freeze } = USUAL_THRESHOLDS;
    expect(findingsOf({ freeze }, { freeze: [stretch(1, 2)], black: [stretch(1, 2)] })).toHaveLength(1);
  });

  it('leave out what is shorter than asked for', () => {
    const checks = { silence: { seconds: 2, level: -50 } };
    expect(findingsOf(checks, { silence: [stretch(0, 1.9), stretch(3, 5)] })).toHaveLength(1);
  });
});
