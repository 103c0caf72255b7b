import { describe, expect, it } from 'vitest';
import { faceOf, wrap } from '../../src/sandbox/pictures/lettering.js';
import { paintRows } from '../../src/sandbox/pictures/picture.js';

/** A line of text as it is drawn, as one string of bytes. */
function drawn(text: string): string {
  const picture = paintRows(400, 60, () => [0, 0, 0]);
  faceOf(36).draw(picture, { text, left: 8, top: 10 }, [255, 255, 255]);
  return Buffer.from(picture.rgba).toString('base64');
}

describe('the lettering of a slate', () => {
  it('tells characters apart that it has no letters for, by their code points', () => {
    const texts = ['€', '£', '¥', '夜', '明', '가', 'п', '🦊', '🐻', 'A'];
    expect(new Set(texts.map(drawn)).size).toBe(texts.length);
  });

  it.each([
    ['Köln', 'Koln'],
    ['Straße', 'Strasse'],
    ['“ø—Æ”', '"o-AE"'],
    ['ﬁn', 'fin'],
  ])('writes %s as %s', (text, plain) => {
    expect(drawn(text)).toBe(drawn(plain));
  });

  it('breaks no character in two', () => {
    const lines = wrap(faceOf(36), '🦊🐻🦊🐻🦊🐻🦊🐻', 150);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.every((line) => !/[\ud800-\udfff]/u.test(line))).toBe(true);
    expect(lines.join('')).toBe('🦊🐻🦊🐻🦊🐻🦊🐻');
  });
});
