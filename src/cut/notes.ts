import { rateText, secondsOf } from '../domain/frame-rate.js';
import { groupBy } from '../domain/group-by.js';
import type { ReportTake } from '../domain/report.js';
import type { CutShot, Sequence, ShownTake } from './cut.js';

/** What a person should know of a cut before it is opened: how its clips differ, and what is missing. */
export function notesOf(
  shots: readonly CutShot[],
  { sequence, takes }: { readonly sequence: Sequence; readonly takes: readonly ReportTake[] },
): string[] {
  const shown = shots.flatMap((shot) => shot.shown ?? []);
  const rate = rateText(sequence.rate);
  const size = `${sequence.width}x${sequence.height}`;
  const gaps = shots.filter((shot) => !shot.shown);
  const outdated = takes.filter(({ key, earlier }) => earlier && shown.some((take) => take.key === key));
  const ofNoRate = takes.filter(
    ({ key, outputs: [output] }) => output && !output.media.fps && shown.some((take) => take.key === key),
  );
  return [
    ...mixed(
      shown,
      ({ clip }) => `${rateText(clip.rate)} fps`,
      `frame rates differ, and the sequence has ${rate} fps`,
    ),
    ...mixed(
      shown,
      ({ clip }) => `${clip.width}x${clip.height}`,
      `sizes differ, and the sequence has ${size}`,
    ),
    ...(gaps.length > 0
      ? [`gaps, for there is no clip: ${listOf(gaps.map((gap) => gapText(gap, sequence)))}`]
      : []),
    ...(outdated.length > 0 ? [`out of date: ${listOf(outdated.map(({ key }) => key))}`] : []),
    ...(ofNoRate.length > 0
      ? [`taken to have 24 fps, for the files do not tell: ${listOf(ofNoRate.map(({ key }) => key))}`]
      : []),
  ];
}

/** `sizes differ, and the sequence has 64x36: 64x36 (sea, sky), 48x48 (sun)`. Also where all clips agree, and the sequence does not. */
function mixed(shown: readonly ShownTake[], kindOf: (take: ShownTake) => string, message: string): string[] {
  const kinds = groupBy(shown, kindOf);
  const isAlike = [...kinds.keys()].every((kind) => message.endsWith(` ${kind}`));
  if (isAlike) return [];
  const texts = [...kinds].map(([kind, takes]) => `${kind} (${listOf(takes.map(({ key }) => key))})`);
  return [`${message}: ${texts.join(', ')}`];
}

function gapText({ shot, takes, length }: CutShot, { rate }: Sequence): string {
  const seconds = Math.round(secondsOf(length, rate) * 100) / 100;
  const picked = takes.find((take) => take.picked);
  return `${picked?.key ?? shot} (${seconds} s)`;
}

/** Nobody reads a thousand names. */
const MOST_NAMES = 10;

function listOf(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  return rest > 0 ? `${names.slice(0, MOST_NAMES).join(', ')} and ${rest} more` : names.join(', ');
}
