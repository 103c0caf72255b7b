import { rateText, secondsOf } from '../domain/frame-rate.js';
import type { CutShot, CutTake, ShownTake, WriteCut } from './cut.js';

type Cell = string | number | boolean | undefined;

/** A table with a row for each take, in the manifest's order (RFC 4180). */
export const writeCsv: WriteCut = ({ shots }, placeOf) => {
  const rows = shots.flatMap((shot) => shot.takes.map((take) => rowOf(shot, take, placeOf)));
  const names = Object.keys(rows[0] ?? {});
  return [names, ...rows.map((row) => Object.values(row))]
    .map((cells) => `${cells.map(text).join(',')}\r\n`)
    .join('');
};

/** `start_frame` and `end_frame` (exclusive) are those of the sequence, and only those of the shown take. */
function rowOf(
  shot: CutShot,
  take: CutTake,
  placeOf: (take: ShownTake) => string,
): Readonly<Record<string, Cell>> {
  const isShown = shot.shown?.key === take.key;
  const { clip } = take;
  return {
    shot: shot.shot,
    take: take.take,
    in_cut: isShown,
    picked: take.picked,
    state: take.state,
    start_frame: isShown ? shot.start : undefined,
    end_frame: isShown ? shot.start + shot.length : undefined,
    file: clip && placeOf({ ...take, clip }),
    frames: clip?.frames,
    fps: clip && rateText(clip.rate),
    seconds: clip && Math.round(secondsOf(clip.frames, clip.rate) * 1000) / 1000,
    width: clip?.width,
    height: clip?.height,
    sound: clip?.hasSound,
    model: take.model,
    prompt: take.prompt,
    seed: take.seed,
    job: take.job,
    cost_usd: take.cost_usd,
    sha256: clip?.sha256,
    notes: take.markers
      .map(({ at_seconds, text: said }) => (at_seconds === 0 ? said : `${at_seconds} s: ${said}`))
      .join('; '),
  };
}

function text(cell: Cell): string {
  const plain = cell === undefined ? '' : String(cell);
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
