import type { MediaKind } from '../domain/take.js';

/** How many leading bytes `sniffMedia` wants to see; fewer are fine for small files. */
export const SNIFF_BYTES = 64;

/** What the first bytes of a file say it is. */
interface SniffedMedia {
  readonly media: MediaKind;
  readonly mime: string;
}

/**
 * Tells images, clips and sounds by their magic bytes, whatever their name claims; undefined if it is none
 * that we know. Sources: the WHATWG MIME Sniffing Standard, and the brands registered at mp4ra.org.
 */
export function sniffMedia(bytes: Uint8Array): SniffedMedia | undefined {
  for (const { at, magic, ...sniffed } of MAGIC) if (hasText(bytes, at, magic)) return sniffed;
  if (hasText(bytes, 0, 'RIFF')) return riff(bytes);
  if (hasText(bytes, 0, 'OggS')) return ogg(bytes);
  if (hasText(bytes, 0, EBML)) return matroska(bytes);
  if (hasText(bytes, 4, 'ftyp')) return isoBrand(bytes);
  // QuickTime files of old have no ftyp: they open on the boxes themselves.
  if (['moov', 'mdat', 'wide', 'free', 'skip'].some((type) => hasText(bytes, 4, type))) {
    return { media: 'video', mime: 'video/quicktime' };
  }
  return mpegAudio(bytes);
}

/** What a kind of media is called in a sentence. */
export const MEDIA_NOUNS = { image: 'an image', video: 'a video', audio: 'a sound' } as const;

/** Says in a few words what a file is that is no clip, by its first bytes: "an HTML page". */
export function whatItIs(head: Buffer): string {
  if (head.length === 0) return 'an empty file';
  const sniffed = sniffMedia(head);
  if (sniffed !== undefined) return `${MEDIA_NOUNS[sniffed.media]} (${sniffed.mime})`;
  const text = decodedText(head.subarray(0, 1024));
  if (text !== undefined) return whatTextItIs(text.trimStart().toLowerCase());
  const bytes = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `no media file that we know (it begins with the bytes ${bytes.join(' ')})`;
}

/** `magic` is Latin-1: each character stands for one byte. */
const MAGIC: readonly (SniffedMedia & { readonly at: number; readonly magic: string })[] = [
  { at: 0, magic: '\x89PNG\r\n\x1a\n', media: 'image', mime: 'image/png' },
  { at: 0, magic: '\xff\xd8\xff', media: 'image', mime: 'image/jpeg' },
  { at: 0, magic: 'GIF87a', media: 'image', mime: 'image/gif' },
  { at: 0, magic: 'GIF89a', media: 'image', mime: 'image/gif' },
  { at: 0, magic: 'II*\0', media: 'image', mime: 'image/tiff' },
  { at: 0, magic: 'MM\0*', media: 'image', mime: 'image/tiff' },
  { at: 0, magic: 'fLaC', media: 'audio', mime: 'audio/flac' },
  { at: 0, magic: 'ID3', media: 'audio', mime: 'audio/mpeg' },
];

const EBML = '\x1a\x45\xdf\xa3';

function riff(bytes: Uint8Array): SniffedMedia | undefined {
  if (hasText(bytes, 8, 'WEBP')) return { media: 'image', mime: 'image/webp' };
  if (hasText(bytes, 8, 'WAVE')) return { media: 'audio', mime: 'audio/wav' };
  return undefined;
}

function ogg(bytes: Uint8Array): SniffedMedia {
  // The first page of a stream holds its codec's header right after the page header of 28 bytes.
  const video = hasText(bytes, 28, '\x80theora');
  return video ? { media: 'video', mime: 'video/ogg' } : { media: 'audio', mime: 'audio/ogg' };
}

function matroska(bytes: Uint8Array): SniffedMedia {
  // The DocType stands somewhere in the EBML header, which is a few dozen bytes long.
  const head = text(bytes, 0, SNIFF_BYTES);
  return { media: 'video', mime: head.includes('webm') ? 'video/webm' : 'video/x-matroska' };
}

function isoBrand(bytes: Uint8Array): SniffedMedia {
  const major = text(bytes, 8, 12);
  // Image files often have a general major brand and name themselves among the compatible ones.
  const boxEnd = Math.min(bytes.length, ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0), SNIFF_BYTES);
  const brands = [major];
  if (major === 'mif1' || major === 'msf1') {
    for (let at = 16; at + 4 <= boxEnd; at += 4) brands.push(text(bytes, at, at + 4));
  }
  if (brands.some((brand) => brand === 'avif' || brand === 'avis'))
    return { media: 'image', mime: 'image/avif' };
  if (/^(hei|hev|mif1|msf1)/.test(major)) return { media: 'image', mime: 'image/heic' };
  if (/^(M4A|M4B|F4A)/.test(major)) return { media: 'audio', mime: 'audio/mp4' };
  if (major === 'qt  ') return { media: 'video', mime: 'video/quicktime' };
  return { media: 'video', mime: 'video/mp4' };
}

/** BMP and the frame headers of MP3 and AAC have so little magic that their other fields are looked at too. */
function mpegAudio(bytes: Uint8Array): SniffedMedia | undefined {
  const [first = 0, second = 0, third = 0] = bytes;
  if (hasText(bytes, 0, 'BM') && hasText(bytes, 6, '\0\0\0\0')) return { media: 'image', mime: 'image/bmp' };
  if (first !== 0xff || (second & 0xe0) !== 0xe0) return undefined;
  // ADTS: twelve sync bits, and a layer of zero.
  if ((second & 0xf6) === 0xf0) return { media: 'audio', mime: 'audio/aac' };
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  const bitrate = third >> 4;
  const sampleRate = (third >> 2) & 3;
  // Layers II and III; a layer I would be the byte order mark of UTF-16.
  const plausible =
    version !== 1 && (layer === 1 || layer === 2) && bitrate !== 0 && bitrate !== 15 && sampleRate !== 3;
  return plausible ? { media: 'audio', mime: 'audio/mpeg' } : undefined;
}

function hasText(bytes: Uint8Array, at: number, magic: string): boolean {
  if (bytes.length < at + magic.length) return false;
  for (let index = 0; index < magic.length; index += 1) {
    if (bytes[at + index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function whatTextItIs(text: string): string {
  if (/^[{[]/.test(text)) return 'a JSON document';
  if (/^<(!doctype html|html|head|body)/.test(text)) return 'an HTML page';
  if (!text.startsWith('<')) return 'plain text';
  if (text.includes('<svg')) return 'an SVG drawing';
  return text.includes('<html') ? 'an HTML page' : 'an XML document';
}

/** The bytes as text, or undefined if they are not UTF-8 or hold control characters. */
function decodedText(bytes: Buffer): string | undefined {
  // Tab, line feed, form feed and carriage return are what text may have below the space.
  if (bytes.some((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(byte))) return undefined;
  try {
    // `stream` forgives a character that the cut at the end split, and nothing else.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}
