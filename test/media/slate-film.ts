import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is wrong with a film, in seconds from its start; nothing where absent. */
export interface Faults {
  readonly black?: readonly [number, number];
  readonly frozen?: number;
  readonly silent?: readonly [number, number];
}

/** Makes a moving slate with a tone, at 24 frames a second, with ffmpeg; gives its bytes. A frozen picture lasts a second. */
export function slateFilm(
  folder: string,
  {
    seconds,
    size = '160x90',
    faults,
  }: { readonly seconds: number; readonly size?: string; readonly faults: Faults },
): Buffer {
  const file = join(folder, 'slate.mp4');
  const { black, frozen, silent } = faults;
  const between = ([from, to]: readonly [number, number]) => `between(t,${from - 0.001},${to - 0.001})`;
  const picture = [
    ...(frozen === undefined ? [] : [`loop=loop=23:size=1:start=${frozen * 24}`, 'setpts=N/24/TB']),
    ...(black ? [`drawbox=t=fill:c=black:enable='${between(black)}'`] : []),
    'null',
  ].join(',');
  const sound = silent ? `volume=0:enable='${between(silent)}'` : 'anull';
  execFileSync('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-y'],
    ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=24:d=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=440:d=${seconds}`],
    ...['-filter_complex', `[0:v]${picture}[v];[1:a]${sound}[a]`, '-map', '[v]', '-map', '[a]'],
    ...['-t', String(seconds), '-pix_fmt', 'yuv420p', '-preset', 'veryfast', '-crf', '12', file],
  ]);
  return readFileSync(file);
}
