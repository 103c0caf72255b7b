import { sniffMedia } from './sniff.js';

const KINDS = { image: 'an image', video: 'a video', audio: 'a sound' } as const;

/** Says in a few words what a file is that is no clip, by its first bytes: "an HTML page". */
export function whatItIs(head: Buffer): string {
  if (head.length === 0) return 'an empty file';
  const sniffed = sniffMedia(head);
  if (sniffed !== undefined) return `${KINDS[sniffed.media]} (${sniffed.mime})`;
  const text = asText(head.subarray(0, 1024));
  if (text !== undefined) return whatTextItIs(text.trimStart().toLowerCase());
  const bytes = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `no media file that we know (it begins with the bytes ${bytes.join(' ')})`;
}

function whatTextItIs(text: string): string {
  if (/^[{[]/.test(text)) return 'a JSON document';
  if (/^<(!doctype html|html|head|body)/.test(text)) return 'an HTML page';
  if (!text.startsWith('<')) return 'plain text';
  if (text.includes('<svg')) return 'an SVG drawing';
  return text.includes('<html') ? 'an HTML page' : 'an XML document';
}

/** The bytes as text, or undefined where they are not UTF-8 or hold control characters. */
function asText(bytes: Buffer): string | undefined {
  // Tab, line feed, form feed and carriage return are what text may have below the space.
  if (bytes.some((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(byte))) return undefined;
  try {
    // `stream` forgives a character that the cut at the end split, and nothing else.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}
