import type { FrameRate } from '../domain/frame-rate.js';
import { framesIn } from '../domain/frame-rate.js';
import { detailsOf, otherTakes, type CutMarker, type CutShot, type ShownTake, type WriteCut } from './cut.js';

/**
 * OpenTimelineIO's JSON, with the schemas that 0.17 and later write: other takes are further media references of a clip.
 * See https://opentimelineio.readthedocs.io/en/latest/tutorials/otio-serialized-schema.html.
 */
export const writeOtio: WriteCut = (cut, placeOf) => {
  const { project, shots, sequence } = cut;
  const hasSound = shots.some(({ shown }) => shown?.clip.hasSound);
  const track = (kind: 'Video' | 'Audio') => ({
    ...item('Track.1', kind),
    kind,
    source_range: null,
    children: shots.map((shot) => {
      const { shown } = shot;
      const isSilent = kind === 'Audio' && !shown?.clip.hasSound;
      return shown && !isSilent
        ? clipOf(shot, { shown, placeOf, isPicture: kind === 'Video' })
        : gapOf(shot, shown ? shown.clip : { frames: shot.length, rate: sequence.rate });
    }),
  });
  const timeline = {
    OTIO_SCHEMA: 'Timeline.1',
    metadata: { dailies: { project, width: sequence.width, height: sequence.height } },
    name: project,
    global_start_time: time(0, sequence.rate),
    tracks: {
      ...item('Stack.1', 'tracks'),
      source_range: null,
      children: [track('Video'), ...(hasSound ? [track('Audio')] : [])],
    },
  };
  // Times are doubles, which OpenTimelineIO writes with a point. No text can hold this: its quotes are escaped.
  return `${JSON.stringify(timeline, null, 4)}\n`.replace(/"(rate|value)": (\d+)(?=[,\n])/g, '"$1": $2.0');
};

/** What all that can stand in a timeline has. */
function item(schema: string, name: string) {
  return { OTIO_SCHEMA: schema, metadata: {}, name, effects: [], markers: [], enabled: true };
}

function clipOf(
  shot: CutShot,
  of: {
    readonly shown: ShownTake;
    readonly placeOf: (take: ShownTake) => string;
    readonly isPicture: boolean;
  },
) {
  const { shown, placeOf, isPicture } = of;
  const { clip, key } = shown;
  const others = otherTakes(shot).filter((take) => isPicture || take.clip.hasSound);
  return {
    ...item('Clip.2', key),
    metadata: { dailies: detailsOf(shot.shot, shown) },
    markers: isPicture ? shown.markers.map((marker) => markerOf(marker, clip.rate)) : [],
    source_range: range(0, clip.frames, clip.rate),
    media_references: Object.fromEntries([
      ['DEFAULT_MEDIA', referenceOf(shot.shot, shown, placeOf)],
      ...others.map((take) => [take.key, referenceOf(shot.shot, take, placeOf)] as const),
    ]),
    active_media_reference_key: 'DEFAULT_MEDIA',
  };
}

function referenceOf(shot: string, take: ShownTake, placeOf: (take: ShownTake) => string) {
  const { clip, key } = take;
  return {
    OTIO_SCHEMA: 'ExternalReference.1',
    metadata: { dailies: detailsOf(shot, take) },
    name: key,
    available_range: range(0, clip.frames, clip.rate),
    available_image_bounds: null,
    target_url: placeOf(take),
  };
}

function gapOf({ shot }: CutShot, { frames, rate }: { readonly frames: number; readonly rate: FrameRate }) {
  return { ...item('Gap.1', shot), source_range: range(0, frames, rate) };
}

function markerOf({ at_seconds, text }: CutMarker, rate: FrameRate) {
  return {
    OTIO_SCHEMA: 'Marker.2',
    metadata: {},
    name: text,
    color: 'RED',
    comment: text,
    marked_range: range(at_seconds === 0 ? 0 : framesIn(at_seconds, rate), 1, rate),
  };
}

function range(start: number, duration: number, rate: FrameRate) {
  return { OTIO_SCHEMA: 'TimeRange.1', duration: time(duration, rate), start_time: time(start, rate) };
}

function time(value: number, { num, den }: FrameRate) {
  return { OTIO_SCHEMA: 'RationalTime.1', rate: num / den, value };
}
