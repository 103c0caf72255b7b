import { describe, expect, it } from 'vitest';
import { count } from '../../src/ui/figures.js';
import { clean, cutEnd, cutFolders, cutMiddle, joinFacts, pad, textWidth, wrap } from '../../src/ui/text.js';

describe('clean', () => {
  it('takes escape sequences out of text from outside, so that it cannot move the cursor', () => {
    expect(clean('a \x1b[2J\x1b[31mred\x1b[0m b')).toBe('a red b');
    expect(clean('\x1b]0;title\x07fox')).toBe('fox');
    expect(clean('\x9b31mfox')).not.toContain('\x9b');
  });

  it('makes one line of several, and leaves no control character', () => {
    expect(clean('two\r\nlines\tand a \0bell\x07')).toBe('two lines and a bell');
  });

  it('drops marks that reorder text and mends half surrogate pairs', () => {
    expect(clean('a\u202eb\u2066c')).toBe('abc');
    expect(clean('a\ud800b')).toBe('a\ufffdb');
  });
});

describe('textWidth', () => {
  it.each([
    ['fox', 3],
    ['日本', 4],
    ['e\u0301a', 2],
    ['🦊', 2],
    ['👩‍👩‍👧', 2],
    ['🇫🇷', 2],
    ['❤️', 2],
    ['ｆｕ', 4],
    ['↻ ✓ –', 5],
    ['\x1b[31mred\x1b[39m', 3],
    ['', 0],
  ])('%j takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});

describe('fitting text', () => {
  it('cuts the middle and keeps both ends', () => {
    expect(cutMiddle('greenhouse-at-dawn', 9, '…')).toBe('gree…dawn');
    expect(cutMiddle('short', 9, '…')).toBe('short');
    expect(cutMiddle('日本日本日本', 7, '…')).toBe('日…本'.padEnd(3));
  });

  it('never grows over the width, however narrow', () => {
    for (let width = 0; width < 12; width++) {
      expect(textWidth(cutMiddle('日本語 and more', width, '...'))).toBeLessThanOrEqual(width);
      expect(textWidth(cutEnd('日本語 and more', width, '…'))).toBeLessThanOrEqual(width);
    }
  });

  it('wraps between words, and inside a word that is too long', () => {
    expect(wrap('prompt and frames/turn.png changed', 14)).toEqual([
      'prompt and',
      'frames/',
      'turn.png',
      'changed',
    ]);
    expect(wrap('photosynthesis', 5)).toEqual(['photo', 'synth', 'esis']);
    expect(wrap('fits', 14)).toEqual(['fits']);
  });

  it('cuts folders off a path, and its name last', () => {
    const path = 'renders/film/quay/quay.mp4';
    expect(cutFolders(path, 26, '…')).toBe(path);
    expect(cutFolders(path, 25, '…')).toBe('…/film/quay/quay.mp4');
    expect(cutFolders(path, 12, '…')).toBe('…/quay.mp4');
    expect(cutFolders(path, 8, '…')).toBe('quay.mp4');
    expect(cutFolders(path, 7, '...')).toBe('qu...p4');
  });

  it('pads by columns, not by characters', () => {
    expect(pad('日', 4)).toBe('日  ');
    expect(pad('$1', 4, 'right')).toBe('  $1');
  });

  it('breaks facts between them only', () => {
    expect(joinFacts(['58 of 60 clips', '11 min 40 s', '$18.20'], ' · ', 30)).toEqual([
      '58 of 60 clips · 11 min 40 s',
      '  $18.20',
    ]);
  });

  it('counts with the right number', () => {
    expect([count(1, 'clip'), count(2, 'clip'), count(10_000, 'clip')]).toEqual([
      '1 clip',
      '2 clips',
      '10,000 clips',
    ]);
  });
});
