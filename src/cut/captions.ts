/** What is to be read while a shot is shown. */
export interface Cue {
  /** Seconds of the film. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A shot of a film, and what is said of it, by language. */
interface CaptionedShot {
  readonly seconds: number;
  readonly captions?: Readonly<Record<string, string>> | undefined;
}

/** The captions of a film by language, each as long as its shot, in the order in which languages first occur. */
export function cuesOf(shots: readonly CaptionedShot[]): ReadonlyMap<string, readonly Cue[]> {
  const cues = new Map<string, Cue[]>();
  let start = 0;
  for (const { seconds, captions = {} } of shots) {
    const end = start + seconds;
    for (const [language, text] of Object.entries(captions)) {
      if (text.trim() === '') continue;
      cues.set(language, [...(cues.get(language) ?? []), { start, end, text }]);
    }
    start = end;
  }
  return cues;
}

/** WebVTT; see https://www.w3.org/TR/webvtt1/. What would be markup there is escaped. */
export function writeVtt(cues: readonly Cue[]): string {
  const escaped = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const blocks = cues.map(
    ({ start, end, text }) => `${clock(start, '.')} --> ${clock(end, '.')}\n${escaped(inLines(text))}\n`,
  );
  return ['WEBVTT\n', ...blocks].join('\n');
}

/** SubRip, which players and platforms read that know no WebVTT. */
export function writeSrt(cues: readonly Cue[]): string {
  const blocks = cues.map(
    ({ start, end, text }, index) =>
      `${index + 1}\n${clock(start, ',')} --> ${clock(end, ',')}\n${inLines(text).replaceAll('-->', '→')}\n`,
  );
  return blocks.join('\n');
}

/** An empty line would end the cue. */
function inLines(text: string): string {
  return text
    .split(/[\r\n\u2028\u2029]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

/** `00:01:02.345`. */
function clock(seconds: number, point: '.' | ','): string {
  const thousandths = Math.round(seconds * 1000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const rest = String(thousandths % 1000).padStart(3, '0');
  return `${two(thousandths / 3_600_000)}:${two((thousandths / 60_000) % 60)}:${two((thousandths / 1000) % 60)}${point}${rest}`;
}
