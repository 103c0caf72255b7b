import { defined } from '../domain/defined.js';
import { framesIn, rateOf, secondsOf } from '../domain/frame-rate.js';
import { groupBy } from '../domain/group-by.js';
import type { Report, ReportOutput, ReportTake } from '../domain/report.js';
import { USUAL_SECONDS } from '../domain/take.js';
import type { Cut, CutClip, CutMarker, CutShot, CutTake, Sequence, ShownTake } from './cut.js';
import { notesOf } from './notes.js';

/** The format of a timeline without a clip. */
const USUAL: Sequence = { width: 1920, height: 1080, rate: { num: 24, den: 1 } };
/** Of a clip that does not tell its rate. */
const USUAL_FPS = 24;

/**
 * The cut as it stands by a report: of each shot the picked take, or the first that has a clip if none is picked. A shot without a
 * clip is a gap as long as the clip would be. Unless a sequence is given, its format is that of the first clip, as in a film.
 */
export function cutOf(
  report: Pick<Report, 'project' | 'takes'>,
  {
    sequence: wanted,
    markers = [],
  }: { readonly sequence?: Sequence | undefined; readonly markers?: readonly CutMarker[] } = {},
): Cut {
  const marked = groupBy(markers, ({ take }) => take);
  const shots = [...groupBy(report.takes, ({ id }) => id)].map(([shot, takes]) => {
    const all = takes.map((take) => cutTake(take, marked.get(take.key) ?? []));
    return { shot, takes: all, shown: shownOf(all), seconds: takes[0]?.settings.duration ?? USUAL_SECONDS };
  });
  const sequence = wanted ?? sequenceOf(shots.find(({ shown }) => shown)?.shown);
  let start = 0;
  const placed: CutShot[] = shots.map(({ shot, takes, shown, seconds }) => {
    const length = framesIn(shown ? secondsOf(shown.clip.frames, shown.clip.rate) : seconds, sequence.rate);
    const own = { shot, takes, start, length, ...(shown && { shown }) };
    start += length;
    return own;
  });
  const notes = notesOf(placed, { sequence, takes: report.takes });
  return { project: report.project, sequence, shots: placed, length: start, notes };
}

/** What a person picked is shown or missing: no other take stands in for it. */
function shownOf(takes: readonly CutTake[]): ShownTake | undefined {
  const isShown = (take: CutTake): take is ShownTake => take.clip !== undefined;
  const picked = takes.find((take) => take.picked);
  return picked ? [picked].find(isShown) : takes.find(isShown);
}

/** H.264, which a film is made of, wants even numbers. */
function sequenceOf(first: ShownTake | undefined): Sequence {
  if (!first) return USUAL;
  const { width, height, rate } = first.clip;
  return { width: width - (width % 2), height: height - (height % 2), rate };
}

function cutTake(take: ReportTake, given: readonly CutMarker[]): CutTake {
  const { key, earlier } = take;
  const [output = earlier?.outputs[0]] = take.outputs;
  const { settings, job_id, cost_usd } = take.outputs.length === 0 && earlier ? earlier : take;
  const warnings = output?.warnings.map((text) => ({ take: key, at_seconds: 0, text })) ?? [];
  const notes = output?.notes?.map(({ at_seconds, text }) => ({ take: key, at_seconds, text })) ?? [];
  const outdated = earlier && output ? [{ take: key, at_seconds: 0, text: outdatedText(take) }] : [];
  return defined({
    ...{ key, take: take.take, picked: take.picked, state: take.state, model: settings.model },
    ...{ prompt: settings.prompt, seed: settings.seed, job: job_id, cost_usd },
    clip: output && cutClip(output),
    markers: output ? [...outdated, ...warnings, ...notes, ...given] : [],
  });
}

function outdatedText({ message }: ReportTake): string {
  return message === undefined ? 'out of date' : `out of date: ${message}`;
}

function cutClip({ path, sha256, media }: ReportOutput): CutClip {
  const { fps = USUAL_FPS, duration_s, width, height, container, audio_codec } = media;
  const rate = rateOf(fps);
  const hasSound = audio_codec !== undefined;
  return { path, sha256, rate, frames: framesIn(duration_s, rate), width, height, hasSound, container };
}
