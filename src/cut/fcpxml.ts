import { create } from 'xmlbuilder2';
import {
  divisorOf,
  framesIn,
  isSameRate,
  rateText,
  secondsOf,
  type FrameRate,
} from '../domain/frame-rate.js';
import {
  detailsOf,
  otherTakes,
  type Cut,
  type CutMarker,
  type CutShot,
  type ShownTake,
  type WriteCut,
} from './cut.js';

type Node = ReturnType<typeof create>;

/**
 * Final Cut Pro's XML, 1.10: a shot with several clips is an audition, whose first clip is the shown one. Times are fractions of a
 * second, and whole frames of the sequence; an asset has those of its own rate. See Apple's document type definition.
 */
export const writeFcpxml: WriteCut = (cut, placeOf) => {
  const { project, sequence, shots } = cut;
  const document = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' });
  document.dtd({ name: 'fcpxml' });
  const root = document.ele('fcpxml', { version: '1.10' });
  const resources = root.ele('resources');
  const ids = resourceIds(resources);
  const main = ids.format(sequence);
  for (const shot of shots) for (const take of clipsOf(shot)) ids.asset(shot.shot, take, placeOf(take));
  const spine = root
    .ele('library')
    .ele('event', { name: project })
    .ele('project', { name: project })
    .ele('sequence', {
      format: main,
      duration: timeOf(cut.length, sequence.rate),
      tcStart: '0s',
      tcFormat: 'NDF',
      audioLayout: 'stereo',
      audioRate: '48k',
    })
    .ele('spine');
  for (const shot of shots) addShot(spine, shot, { cut, ids });
  return `${escapedBreaks(document.end({ prettyPrint: true }))}\n`;
};

/** A reader makes spaces of line breaks in attributes, and a writer is free to leave them: all our texts are in attributes. */
function escapedBreaks(xml: string): string {
  return xml.replace(/"[^"]*"/g, (value) =>
    value.replace(/[\t\r\n]/g, (letter) => `&#x${letter.charCodeAt(0).toString(16).toUpperCase()};`),
  );
}

function clipsOf(shot: CutShot): ShownTake[] {
  return shot.shown ? [shot.shown, ...otherTakes(shot)] : otherTakes(shot);
}

/** Gives each format and each clip its id, and writes it down the first time. */
function resourceIds(resources: Node) {
  const formats = new Map<string, string>();
  const assets = new Map<string, string>();
  const next = (): string => `r${formats.size + assets.size + 1}`;
  return { format, asset, of: (key: string) => assets.get(key) ?? '' };

  function format({ width, height, rate }: Cut['sequence']): string {
    const kind = `${width}x${height}@${rate.num}/${rate.den}`;
    const known = formats.get(kind);
    if (known !== undefined) return known;
    const id = next();
    formats.set(kind, id);
    resources.ele('format', { id, frameDuration: timeOf(1, rate), width, height });
    return id;
  }

  function asset(shot: string, take: ShownTake, src: string): void {
    const { clip, key } = take;
    const own = format(clip);
    const id = next();
    assets.set(key, id);
    const sound = { hasAudio: 1, audioSources: 1, audioChannels: 2, audioRate: 48000 };
    const node = resources.ele('asset', {
      ...{ id, name: key, uid: clip.sha256, start: '0s', duration: timeOf(clip.frames, clip.rate) },
      ...{ hasVideo: 1, format: own, videoSources: 1, ...(clip.hasSound ? sound : {}) },
    });
    node.ele('media-rep', { kind: 'original-media', sig: clip.sha256, src });
    addDetails(node, shot, take);
  }
}

type Ids = ReturnType<typeof resourceIds>;

function addShot(spine: Node, shot: CutShot, of: { readonly cut: Cut; readonly ids: Ids }): void {
  const { rate } = of.cut.sequence;
  const { shown } = shot;
  const offset = timeOf(shot.start, rate);
  if (!shown) {
    spine.ele('gap', { name: shot.shot, offset, start: '0s', duration: timeOf(shot.length, rate) });
    return;
  }
  const others = otherTakes(shot);
  const parent = others.length > 0 ? spine.ele('audition', { offset }) : spine;
  for (const take of [shown, ...others]) addClip(parent, take, { ...of, offset, shot: shot.shot });
}

function addClip(
  parent: Node,
  take: ShownTake,
  of: { readonly cut: Cut; readonly ids: Ids; readonly offset: string; readonly shot: string },
): void {
  const { clip, key, markers } = take;
  const { sequence } = of.cut;
  const length = framesIn(secondsOf(clip.frames, clip.rate), sequence.rate);
  const node = parent.ele('asset-clip', {
    ...{ ref: of.ids.of(key), offset: of.offset, name: key, start: '0s' },
    ...{ duration: timeOf(length, sequence.rate), format: of.ids.format(clip), tcFormat: 'NDF' },
  });
  const named = RATES[rateText(clip.rate)];
  // The clip plays at its own speed, and shows the frame that is due.
  if (!isSameRate(clip.rate, sequence.rate))
    node.ele('conform-rate', { scaleEnabled: 0, ...(named !== undefined && { srcFrameRate: named }) });
  for (const marker of markers) node.ele('marker', markerOf(marker, clip.rate));
  addDetails(node, of.shot, take);
}

/** The rates that a clip may be conformed from, under the names of the definition. */
const RATES: Readonly<Record<string, string>> = {
  '23.976': '23.98',
  '47.952': '47.95',
  ...{
    '24': '24',
    '25': '25',
    '29.97': '29.97',
    '30': '30',
    '48': '48',
    '50': '50',
    '59.94': '59.94',
    '60': '60',
  },
};

function markerOf({ at_seconds, text }: CutMarker, rate: FrameRate) {
  const start = at_seconds === 0 ? 0 : framesIn(at_seconds, rate);
  return { start: timeOf(start, rate), duration: timeOf(1, rate), value: text };
}

function addDetails(node: Node, shot: string, take: ShownTake): void {
  const metadata = node.ele('metadata');
  for (const [name, value] of Object.entries(detailsOf(shot, take)))
    metadata.ele('md', { key: `dailies.${name}`, value: String(value), type: 'string' });
}

/** A number of frames as a fraction of a second: `1001/24000s`, `4s`. */
function timeOf(frames: number, { num, den }: FrameRate): string {
  const [top, bottom] = [frames * den, num];
  const common = divisorOf(top, bottom);
  return bottom === common ? `${top / common}s` : `${top / common}/${bottom / common}s`;
}
