import type { Pixels } from '../../media/decode-image.js';
import type { Rgb } from './colour.js';
import { CAPITAL, DEEPEST, glyphOf, hasGlyph, type Glyph, type Point } from './glyphs.js';
import { shadeBox } from './picture.js';

/** Letters of one size and weight. */
export interface Face {
  /** Height of a capital, in pixels. */
  readonly size: number;
  /** How wide a line of text is, in pixels. */
  measure(text: string): number;
  /** Draws one line; `left` and `top` are those of its capitals. */
  draw(
    picture: Pixels,
    line: { readonly text: string; readonly left: number; readonly top: number },
    colour: Rgb,
  ): void;
}

/** The face whose capitals are `size` pixels high; `weight` is the width of a stroke as a part of that. */
export function faceOf(size: number, weight = 0.13): Face {
  const unit = size / CAPITAL;
  const gap = (1.9 + weight * CAPITAL) * unit;
  const masks = new Map<string, Mask>();

  const maskOf = (character: string): Mask => {
    let mask = masks.get(character);
    if (!mask)
      masks.set(character, (mask = drawMask(glyphOf(character), { unit, radius: (size * weight) / 2 })));
    return mask;
  };

  return {
    size,
    measure(text) {
      let width = -gap;
      for (const character of legible(text)) width += glyphOf(character).width * unit + gap;
      return width;
    },
    draw(picture, { text, left, top }, colour) {
      let pen = Math.round(left);
      for (const character of legible(text)) {
        const mask = maskOf(character);
        const { width, height, inset } = mask;
        const box = { left: pen - inset, top: Math.round(top) - inset, width, height };
        const coverage = (x: number, y: number) =>
          mask.coverage[Math.floor(y - box.top) * mask.width + Math.floor(x - box.left)] ?? 0;
        shadeBox(picture, box, colour, coverage);
        pen += Math.round(glyphOf(character).width * unit + gap);
      }
    },
  };
}

/** The text in lines no wider than `width` pixels, broken between words, and within a word where it must be. */
export function wrap(face: Face, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (face.measure(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (face.measure(line) > width && Array.from(line).length > 1) {
      const fitting = cut(face, line, width);
      lines.push(fitting);
      line = line.slice(fitting.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** The text itself where it is no wider than `width` pixels, else its beginning with an ellipsis. */
export function shorten(face: Face, text: string, width: number): string {
  if (face.measure(text) <= width) return text;
  return `${cut(face, text, width - face.measure(' …'))}…`;
}

/** As much of the beginning as is no wider than `width` pixels: at least one character, and none of them by half. */
function cut(face: Face, text: string, width: number): string {
  let end = 0;
  for (const character of text) {
    const next = end + character.length;
    if (end > 0 && face.measure(text.slice(0, next)) > width) break;
    end = next;
  }
  return text.slice(0, end);
}

/**
 * The text in characters that the glyphs have: without accents, with plain quotes and dashes. A character that is still not
 * among them stays as it is, and is drawn as its code point.
 */
function legible(text: string): string {
  return Array.from(text.normalize('NFC'), (character) => {
    if (hasGlyph(character)) return character;
    const plain = PLAIN[character] ?? character.normalize('NFKD').replace(/\p{M}/gu, '');
    return Array.from(plain).every(hasGlyph) ? plain : character;
  }).join('');
}

/** What is written otherwise, and does not decompose. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ '\u2018': "'", '\u2019': "'", '\u201c': '"', '\u201d': '"', '\u2212': '-' },
  ...{ '\u2010': '-', '\u2011': '-', '\u2012': '-', '\u2013': '-', '\u2014': '-', '\u2015': '-' },
  ...{ ß: 'ss', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', đ: 'd', Đ: 'D', ł: 'l', Ł: 'L', ı: 'i' },
};

/** How much of each pixel a glyph covers (0 to 1); it begins `inset` pixels left of and above the glyph's corner. */
interface Mask {
  readonly width: number;
  readonly height: number;
  readonly inset: number;
  readonly coverage: Float32Array;
}

function drawMask(glyph: Glyph, pen: { readonly unit: number; readonly radius: number }): Mask {
  const radius = pen.radius * (glyph.weight ?? 1);
  const inset = Math.ceil(pen.radius) + 1;
  const width = Math.ceil(glyph.width * pen.unit) + 2 * inset;
  const height = Math.ceil(DEEPEST * pen.unit) + 2 * inset;
  const mask = { width, height, inset, coverage: new Float32Array(width * height) };
  const place = ({ x, y }: Point): Point => ({ x: x * pen.unit + inset, y: y * pen.unit + inset });
  for (const stroke of glyph.strokes) {
    for (let index = 1; index < stroke.length; index++) {
      const from = stroke[index - 1];
      const to = stroke[index];
      if (from && to) drawLine(mask, place(from), place(to), radius);
    }
  }
  return mask;
}

/** Covers each pixel by its distance from the line, which gives smooth edges and round ends. */
function drawLine(mask: Mask, from: Point, to: Point, radius: number): void {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const lengthSquared = dx * dx + dy * dy;
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius - 1));
  const right = Math.min(mask.width - 1, Math.ceil(Math.max(from.x, to.x) + radius + 1));
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius - 1));
  const bottom = Math.min(mask.height - 1, Math.ceil(Math.max(from.y, to.y) + radius + 1));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const x = column + 0.5 - from.x;
      const y = row + 0.5 - from.y;
      const along = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / lengthSquared));
      const covered = Math.min(1, radius + 0.5 - Math.hypot(x - along * dx, y - along * dy));
      const at = row * mask.width + column;
      if (covered > (mask.coverage[at] ?? 0)) mask.coverage[at] = covered;
    }
  }
}
