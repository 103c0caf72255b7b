import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileUrl } from '../../src/domain/file-url.js';

describe('fileUrl', () => {
  it.each([
    ['a/a.mp4', 'a/a.mp4'],
    ['a b/50%/c#1?x.mp4', 'a%20b/50%25/c%231%3Fx.mp4'],
    ['javascript:alert(1)', 'javascript%3Aalert(1)'],
    ['../élan.mp4', '../%C3%A9lan.mp4'],
    ['/srv/film #2/a.mp4', 'file:///srv/film%20%232/a.mp4'],
    ['C:/film #2/a.mp4', 'file:///C:/film%20%232/a.mp4'],
    ['//server/share/a b.mp4', 'file://server/share/a%20b.mp4'],
    ['half \ud800.mp4', 'half%20%EF%BF%BD.mp4'],
  ])('writes %s as %s', (path, url) => expect(fileUrl(path)).toBe(url));

  it('leads a relative path nowhere but into the page’s own folders', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^/\\.][^/]*(\/[^/.][^/]*)*$/), (path) => {
        fc.pre(!/^[a-z]:\/|[\ud800-\udfff]/iu.test(path));
        const url = new URL(fileUrl(path), 'file:///films/teaser/index.html');
        expect(url.protocol).toBe('file:');
        expect(decodeURIComponent(url.pathname)).toBe(`/films/teaser/${path}`);
      }),
    );
  });
});
