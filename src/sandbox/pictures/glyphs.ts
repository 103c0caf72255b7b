import { readFileSync } from 'node:fs';

/*
 * The lettering of the slates: strokes on a grid, drawn for this program, so that any size looks drawn and not enlarged.
 * glyphs.txt has a line for each character: the character, its width, its strokes. A point is two base-36 digits, x
 * from the left and y down: 0 is the top of the capitals, 4 the top of the small letters, c the line they stand on,
 * g the lowest descender. A stroke is a run of points; with `~` it is a curve that the points pull (a quadratic
 * B-spline through both ends), with `@` such a curve closed. A point given twice is a dot.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A stroke: straight lines from point to point, flattened from its curve; a single point is a dot. */
export type Stroke = readonly Point[];

/** One character: how wide it is and what is drawn, in units of which a capital is 12 high. */
export interface Glyph {
  readonly width: number;
  readonly strokes: readonly Stroke[];
  /** How thick its strokes are, as a part of those of a letter; 1 where absent. */
  readonly weight?: number;
}

/** The glyph of a character; for one that the table lacks a box with its code point, as `65E5` for 日. */
export function glyphOf(character: string): Glyph {
  glyphs ??= readTable();
  const known = glyphs.get(character) ?? boxes.get(character);
  if (known) return known;
  const box = boxOf(character);
  boxes.set(character, box);
  return box;
}

/** Whether the table has the character. */
export function hasGlyph(character: string): boolean {
  glyphs ??= readTable();
  return glyphs.has(character);
}

/** Height of a capital, and how far letters reach above and below, in the units of a glyph. */
export const CAPITAL = 12;
export const DEEPEST = 16;

/** Read when the first letter is drawn. */
let glyphs: ReadonlyMap<string, Glyph> | undefined;

/** Those that were made for characters that the table lacks. */
const boxes = new Map<string, Glyph>();

/** A box with the code point in it, in two rows of hexadecimal digits. */
function boxOf(character: string): Glyph {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  const columns = Math.ceil(Math.max(4, code.length) / 2);
  const digits = code.padStart(2 * columns, '0');
  const width = columns * DIGIT.step + 2;
  const frame = [
    { x: 0, y: 0 },
    { x: 0, y: CAPITAL },
    { x: width, y: CAPITAL },
    { x: width, y: 0 },
    { x: 0, y: 0 },
  ];
  const strokes = Array.from(digits).flatMap((digit, index) => {
    const left = 2 + (index % columns) * DIGIT.step;
    const top = index < columns ? 1.7 : 6.9;
    const place = ({ x, y }: Point): Point => ({ x: left + x * DIGIT.scale, y: top + y * DIGIT.scale });
    return glyphOf(digit).strokes.map((stroke) => stroke.map(place));
  });
  return { width, strokes: [frame, ...strokes], weight: 0.45 };
}

/** How small the digits of a box are, and how far one stands from the next. */
const DIGIT = { scale: 0.28, step: 3.6 } as const;

function readTable(): Map<string, Glyph> {
  const table = new Map<string, Glyph>([[' ', { width: 2.5, strokes: [] }]]);
  const lines = readFileSync(new URL('./glyphs.txt', import.meta.url), 'utf8')
    .trim()
    .split(/\r?\n/);
  for (const line of lines) {
    const [character = '', width, ...strokes] = line.split(' ');
    table.set(character, { width: Number(width), strokes: strokes.map(readStroke) });
  }
  return table;
}

function readStroke(text: string): Stroke {
  const kind = /^[~@]/.exec(text)?.[0];
  const points = [...text.matchAll(/([0-9a-g])([0-9a-g])/g)].map(([, x = '', y = '']) => ({
    x: parseInt(x, 36),
    y: parseInt(y, 36),
  }));
  if (kind === '~') return openCurve(points);
  if (kind === '@') return closedCurve(points);
  return points;
}

function openCurve(points: Stroke): Stroke {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return [];
  const inner = points.slice(1, -1).flatMap((pull, index) => bend(points[index], pull, points[index + 2]));
  return [first, ...inner, last];
}

function closedCurve(points: Stroke): Stroke {
  const count = points.length;
  const curve = points.flatMap((pull, index) =>
    bend(points[(index + count - 1) % count], pull, points[(index + 1) % count]),
  );
  return [...curve, ...curve.slice(0, 1)];
}

/** From the middle before a point to the middle after it, drawn towards the point. */
function bend(before: Point | undefined, pull: Point, after: Point | undefined): Stroke {
  if (!before || !after) return [];
  const from = between(before, pull, 0.5);
  const to = between(pull, after, 0.5);
  return BEND_STEPS.map((t) => between(between(from, pull, t), between(pull, to, t), t));
}

const BEND_STEPS = [0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1];

function between(a: Point, b: Point, part: number): Point {
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}
