import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sniffMedia } from '../../src/media/sniff.js';
import { makeClip } from '../helpers/clips.js';
import { fixture } from './samples.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const ftyp = (major: string, ...compatible: string[]): Buffer => {
  const brands = [major, '\0\0\0\0', ...compatible].join('');
  return latin1(`\0\0\0${String.fromCharCode(8 + brands.length)}ftyp${brands}`);
};

describe('sniffMedia', () => {
  it.each([
    ['image/png', latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR')],
    ['image/jpeg', latin1('\xff\xd8\xff\xe0\0\x10JFIF')],
    ['image/gif', latin1('GIF89a\x01\0\x01\0')],
    ['image/gif', latin1('GIF87a\x01\0\x01\0')],
    ['image/webp', latin1('RIFF\x24\0\0\0WEBPVP8 ')],
    ['image/bmp', latin1('BM\x36\0\0\0\0\0\0\0\x36\0\0\0')],
    ['image/tiff', latin1('II*\0\x08\0\0\0')],
    ['image/tiff', latin1('MM\0*\0\0\0\x08')],
    ['image/avif', ftyp('avif', 'mif1', 'miaf')],
    ['image/avif', ftyp('mif1', 'miaf', 'avif')],
    ['image/heic', ftyp('heic', 'mif1')],
    ['image/heic', ftyp('mif1', 'heic')],
    ['video/mp4', ftyp('isom', 'iso2', 'avc1')],
    ['video/mp4', ftyp('dash')],
    ['video/quicktime', ftyp('qt  ')],
    ['video/quicktime', latin1('\0\0\0\x08wide\0\0\0\0mdat')],
    ['video/quicktime', latin1('\0\0\0\x08free\0\0\0\x08mdat')],
    ['video/webm', latin1('\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm')],
    ['video/x-matroska', latin1('\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska')],
    ['video/ogg', latin1(`OggS${'\0'.repeat(24)}\x80theora`)],
    ['audio/ogg', latin1(`OggS${'\0'.repeat(24)}OpusHead`)],
    ['audio/mpeg', latin1('ID3\x04\0\0')],
    ['audio/mpeg', latin1('\xff\xfb\x90\x64')],
    ['audio/wav', latin1('RIFF\x24\0\0\0WAVEfmt ')],
    ['audio/aac', latin1('\xff\xf1\x50\x80')],
    ['audio/flac', latin1('fLaC\0\0\0\x22')],
    ['audio/mp4', ftyp('M4A ', 'mp42')],
  ])('knows %s by its bytes', (mime, bytes) => {
    expect(sniffMedia(bytes)).toEqual({ mime, media: mime.slice(0, mime.indexOf('/')) });
  });

  it.each([
    ['nothing at all', ''],
    ['an HTML page', '<!doctype html><title>404</title>'],
    ['JSON', '{"error":{"code":404}}'],
    ['an SVG drawing', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['a RIFF file of another kind', 'RIFF\x24\0\0\0AVI LIST'],
    ['a text that begins like a bitmap', 'BMW is a maker of cars'],
    ['UTF-16 text', '\xff\xfeh\0i\0'],
    ['a PDF', '%PDF-1.7'],
  ])('does not take %s for media', (_, text) => {
    expect(sniffMedia(latin1(text))).toBeUndefined();
  });

  it('knows real clips', async () => {
    expect(sniffMedia(await makeClip())?.mime).toBe('video/mp4');
    expect(sniffMedia(fixture('vp9.webm'))?.mime).toBe('video/webm');
  });

  it('answers for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const sniffed = sniffMedia(bytes);
        return sniffed === undefined || sniffed.mime.includes('/');
      }),
    );
  });
});
