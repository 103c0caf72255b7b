/** The longest manifest that is read, in bytes; about 90,000 written-out shots. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Any control character but tab, line feed, carriage return and next line: YAML does not allow them. */
const UNPRINTABLE = /(?![\t\n\r\u0085])\p{Cc}/u;

/** What is wrong with bytes that should be a manifest. `offset`: in the decoded text, where there is a place. */
export interface TextFault {
  readonly message: string;
  readonly hint: string;
  readonly offset?: number;
}

/** The manifest's characters, without a byte order mark; with a fault, as far as they can be shown. */
export interface ManifestText {
  readonly text: string;
  readonly fault?: TextFault;
}

/** What is said of a file that is no text. */
interface TextWords {
  readonly tooLarge: string;
  readonly binary: string;
}

const OF_MANIFEST: TextWords = {
  tooLarge: 'use a matrix or takes instead of writing out each shot, or split the project',
  binary:
    'a manifest is YAML text in UTF-8; inside "double quotes" such a character can be written as an escape',
};

/** Decodes a manifest, or a table of one: UTF-8, of a sane size, and text rather than binary data. */
export function readManifestText(source: string | Uint8Array, words = OF_MANIFEST): ManifestText {
  const size = typeof source === 'string' ? source.length : source.byteLength;
  if (size > MAX_BYTES) {
    const message = `the file has ${(size / 1024 / 1024).toFixed(0)} MB, and may have at most 16 MB`;
    return { text: '', fault: { message, hint: words.tooLarge } };
  }
  if (typeof source !== 'string' && startsLikeUtf16(source)) {
    return { text: '', fault: { message: 'the file is UTF-16 text', hint: 'save it as UTF-8' } };
  }
  const text = (typeof source === 'string' ? source : decode(source)).replace(/^\uFEFF/, '');
  const fault =
    binaryFault(text, words) ?? (typeof source === 'string' ? undefined : utf8Fault(source, text));
  return fault ? { text, fault } : { text };
}

function startsLikeUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** As a TextDecoder does, which takes as long to make as a short manifest takes to read. */
function decode({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}

function binaryFault(text: string, words: TextWords): TextFault | undefined {
  const found = UNPRINTABLE.exec(text);
  if (!found) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return {
    message: `the file contains the control character U+${code}, so it is not plain text`,
    hint: words.binary,
    offset: found.index,
  };
}

/** Found by decoding again, strictly; the place is that of the first replacement character. */
function utf8Fault(bytes: Uint8Array, text: string): TextFault | undefined {
  const offset = text.indexOf('\uFFFD');
  if (offset < 0) return undefined;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return undefined;
  } catch {
    return { message: 'the file is not UTF-8 from here on', hint: 'save it as UTF-8', offset };
  }
}
