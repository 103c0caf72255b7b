import { describe, expect, it } from 'vitest';
import { cuesOf, writeSrt, writeVtt } from '../../src/cut/captions.js';

describe('captions', () => {
  it('go on from shot to shot, in each language that has a text there', () => {
    const cues = cuesOf([
      { seconds: 4, captions: { de: 'eins', fr: ' ' } },
      { seconds: 2 },
      { seconds: 1.5, captions: { fr: 'trois' } },
    ]);
    expect([...cues]).toEqual([
      ['de', [{ start: 0, end: 4, text: 'eins' }]],
      ['fr', [{ start: 6, end: 7.5, text: 'trois' }]],
    ]);
  });

  it('have no empty line, which would end them, and no markup', () => {
    const cues = [{ start: 3599.9996, end: 3661.25, text: 'a & <b>\r\n\r\n  c --> d ' }];
    expect(writeVtt(cues)).toBe('WEBVTT\n\n01:00:00.000 --> 01:01:01.250\na &amp; &lt;b&gt;\nc --&gt; d\n');
    expect(writeSrt(cues)).toBe('1\n01:00:00,000 --> 01:01:01,250\na & <b>\nc → d\n');
  });
});
