import Timecode from 'smpte-timecode';
import { isSameRate, rateText, framesIn, type FrameRate } from '../domain/frame-rate.js';
import { detailsOf, otherTakes, type CutShot, type Sequence, type ShownTake, type WriteCut } from './cut.js';

/** The first frame of a film has this hour, so that there is room before it. */
const FIRST_HOUR = 3600;

/** Whether an EDL can count frames at a rate: whole ones, and those of television. */
export function hasTimecode({ num, den }: FrameRate): boolean {
  return den === 1 || (den === 1001 && [24_000, 30_000, 48_000, 60_000].includes(num));
}

/**
 * An edit decision list as CMX 3600 machines read it: one event for each shot, without drop frames, all in frames of the
 * sequence. What the format has no word for is in comments: names, files, other takes, what a clip was made from.
 */
export const writeEdl: WriteCut = ({ project, sequence, shots }, placeOf) => {
  const reels = reelNames();
  const events = shots.flatMap((shot, index) =>
    eventOf(shot, { sequence, placeOf, reels, number: index + 1 }),
  );
  return [`TITLE: ${plain(project)}`, 'FCM: NON-DROP FRAME', '', ...events, ''].join('\n');
};

function eventOf(
  shot: CutShot,
  of: {
    readonly sequence: Sequence;
    readonly placeOf: (take: ShownTake) => string;
    readonly reels: (name: string) => string;
    readonly number: number;
  },
): string[] {
  const { sequence, placeOf, reels, number } = of;
  const { shown, start, length } = shot;
  const code = (frames: number) => timecode(frames, sequence.rate);
  const first = FIRST_HOUR * Math.round(sequence.rate.num / sequence.rate.den) + start;
  const times = [code(0), code(length), code(first), code(first + length)].join(' ');
  const head = (reel: string, tracks: string) =>
    `${String(number).padStart(3, '0')}  ${reel.padEnd(8)} ${tracks.padEnd(5)} C        ${times}`;
  if (!shown)
    return [head('BL', 'V'), comment('FROM CLIP NAME', shot.shot), comment('COMMENT', 'no clip yet'), ''];
  const { clip, key, markers } = shown;
  const { state: _, ...details } = detailsOf(shot.shot, shown);
  return [
    head(reels(key), clip.hasSound ? 'AA/V' : 'V'),
    comment('FROM CLIP NAME', key),
    comment('SOURCE FILE', placeOf(shown)),
    ...(isSameRate(clip.rate, sequence.rate) ? [] : [comment('SOURCE RATE', `${rateText(clip.rate)} FPS`)]),
    ...markers.map(({ at_seconds, text }) => {
      const at = first + (at_seconds === 0 ? 0 : framesIn(at_seconds, sequence.rate));
      return comment('LOC', `${code(at)} RED     ${text}`);
    }),
    ...otherTakes(shot).map((take) => comment('DAILIES OTHER', `${take.key} ${placeOf(take)}`)),
    ...Object.entries(details).map(([name, value]) =>
      comment(`DAILIES ${name.toUpperCase()}`, String(value)),
    ),
    '',
  ];
}

function timecode(frames: number, { num, den }: FrameRate): string {
  return new Timecode(frames, [num, den], false).toString();
}

function comment(name: string, text: string): string {
  return `* ${name}: ${plain(text)}`;
}

/** On one line: a line break would end the comment, and begin an event. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

/** Gives each clip a reel of its own, of at most eight letters and digits. */
function reelNames(): (name: string) => string {
  const taken = new Set<string>(['BL', 'AX']);
  return (name) => {
    const letters = name.toUpperCase().replace(/[^A-Z0-9]/g, '') || 'CLIP';
    let reel = letters.slice(0, 8);
    for (let number = 2; taken.has(reel); number++) {
      const suffix = String(number);
      reel = `${letters.slice(0, 8 - suffix.length)}${suffix}`;
    }
    taken.add(reel);
    return reel;
  };
}
