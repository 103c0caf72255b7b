import { stripVTControlCharacters } from 'node:util';
import { REORDERING } from '../domain/foreign-text.js';

/**
 * Makes text from outside fit to be shown on one line: escape sequences are dropped, so that a prompt or a
 * gateway's message cannot move the cursor; so are the marks that reorder text; other controls become spaces.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replace(REORDERING, '')
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(CONTROLS, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}

const LONE_SURROGATE = /\p{Cs}/gu;
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;

/** How many terminal columns a text takes; colour sequences take none. */
export function textWidth(text: string): number {
  if (ONE_COLUMN_EACH.test(text)) return text.length;
  const plain = stripVTControlCharacters(text);
  if (ONE_COLUMN_EACH.test(plain)) return plain.length;
  return graphemes(plain).reduce((width, grapheme) => width + graphemeWidth(grapheme), 0);
}

/** ASCII, Latin and the signs that we use ourselves: dashes and dots, arrows, blocks, ticks. */
const ONE_COLUMN_EACH =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u2193\u21bb\u2588\u2591\u2713\u2717]*$/;

let segmenter: Intl.Segmenter | undefined;

/** The characters of a text as a person sees them. The segmenter is costly to make and seldom needed. */
function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

/** More code units than a visible character ever has, except in hostile text. */
const LONGEST_CHARACTER = 64;

/** Where the character begins that has the code unit at `index`; the text's end if there is none. */
export function characterStart(text: string, index: number): number {
  if (index >= text.length) return text.length;
  const from = Math.max(0, index - LONGEST_CHARACTER);
  let start = from;
  for (const grapheme of graphemes(text.slice(from, index + LONGEST_CHARACTER))) {
    if (start + grapheme.length > index) break;
    start += grapheme.length;
  }
  return start;
}

/** Where the character ends that `index` lies in; `index` itself where it lies between two. */
export function characterEnd(text: string, index: number): number {
  const start = characterStart(text, index);
  if (start >= index) return start;
  return start + (graphemes(text.slice(start, start + LONGEST_CHARACTER))[0]?.length ?? 0);
}

function graphemeWidth(grapheme: string): number {
  if (EMOJI.test(grapheme)) return 2;
  const first = grapheme.codePointAt(0) ?? 0;
  if (ZERO_WIDTH.test(grapheme)) return 0;
  return isWide(first) ? 2 : 1;
}

const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|\p{Regional_Indicator}{2}/u;
const ZERO_WIDTH = /^[\p{M}\p{Cf}\p{Cc}]/u;

/** The blocks that Unicode's EastAsianWidth.txt marks wide or fullwidth, emoji apart; first and last code point. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2ff],
  [0x20000, 0x3fffd],
];

function isWide(codePoint: number): boolean {
  return WIDE.some(([first, last]) => codePoint >= first && codePoint <= last);
}

/** Fills up with spaces to `width` columns, at the right or, for figures, at the left. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** Cuts the middle out of a text (without colours) that is wider than `width`: both ends of an id tell something. */
export function cutMiddle(text: string, width: number, ellipsis: string): string {
  if (textWidth(text) <= width) return text;
  const room = width - textWidth(ellipsis);
  if (room < 2) return takeColumns(text, Math.max(0, width));
  const tail = Math.floor(room / 2);
  return takeColumns(text, room - tail) + ellipsis + lastColumns(text, tail);
}

/** Cuts the end off a text (without colours) that is wider than `width`. */
export function cutEnd(text: string, width: number, ellipsis: string): string {
  if (textWidth(text) <= width) return text;
  const room = width - textWidth(ellipsis);
  return room < 1 ? takeColumns(text, Math.max(0, width)) : takeColumns(text, room).trimEnd() + ellipsis;
}

function takeColumns(text: string, width: number): string {
  if (ONE_COLUMN_EACH.test(text)) return text.slice(0, width);
  let taken = '';
  let used = 0;
  for (const segment of graphemes(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    taken += segment;
  }
  return taken;
}

/** The end of a text (without colours), no wider than `width`. */
export function lastColumns(text: string, width: number): string {
  if (ONE_COLUMN_EACH.test(text)) return text.slice(Math.max(0, text.length - width));
  let taken = '';
  let used = 0;
  for (const segment of graphemes(text).reverse()) {
    used += graphemeWidth(segment);
    if (used > width) break;
    taken = segment + taken;
  }
  return taken;
}

/** Breaks a text (without colours) into lines of at most `width` columns, between words where it can. */
export function wrap(text: string, width: number): string[] {
  if (textWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (textWidth(line) > width) {
      const head = wholeFolders(takeColumns(line, Math.max(2, width)));
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** A piece of a path up to its last slash, unless that leaves hardly anything of it: names are not broken in two. */
function wholeFolders(piece: string): string {
  const slash = piece.lastIndexOf('/') + 1;
  return slash > piece.length / 3 ? piece.slice(0, slash) : piece;
}

/** Cuts folders off the beginning of a path that is wider than `width`: a file is known by its name. */
export function cutFolders(path: string, width: number, ellipsis: string): string {
  if (textWidth(path) <= width) return path;
  const room = width - textWidth(ellipsis);
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const rest = path.slice(slash);
    if (textWidth(rest) <= room) return ellipsis + rest;
  }
  return cutMiddle(path.slice(path.lastIndexOf('/') + 1), width, ellipsis);
}

/** Joins facts on one line, or on as many as the width asks for, broken between facts only. They may be coloured. */
export function joinFacts(facts: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const last = lines.at(-1);
    const longer = `${last ?? ''}${separator}${fact}`;
    if (last === undefined || textWidth(longer) > width) lines.push(lines.length === 0 ? fact : `  ${fact}`);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/** `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
