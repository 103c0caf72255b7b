/** Takes the key out of a text. */
export type Redact = (text: string) => string;

/** Stands where the key stood. An id or an address that has it in it is none. */
export const KEY_MARK = '[key]';

/** A shorter word may well occur by itself, and is no key. */
const SHORTEST_KEY = 4;
/** A key this long turns up in no name and no address by chance. */
const UNMISTAKABLE_KEY = 16;
/** Of a key that a text breaks off in, so much is too much. */
const TELLING_START = 12;

/** As `redactor`, for what is worked with and not only shown: a short key may be part of a model's name there. */
export function dataRedactor(apiKey: string | undefined): Redact {
  return redactor(apiKey !== undefined && apiKey.length < UNMISTAKABLE_KEY ? undefined : apiKey);
}

/**
 * Replaces the key in whatever form it stands: as it is, in another case, URL-encoded, escaped as JSON or HTML escape it, in
 * base64, and at the end of a text that breaks off in it.
 */
export function redactor(apiKey: string | undefined): Redact {
  if (apiKey === undefined || apiKey.length < SHORTEST_KEY) return (text) => text;
  const spelled = Array.from(apiKey, anyFormOf).join('');
  if (apiKey.length < UNMISTAKABLE_KEY) {
    const form = new RegExp(spelled, 'g');
    return (text) => text.replace(form, KEY_MARK);
  }
  const forms = new RegExp([spelled, ...inBase64(apiKey)].join('|'), 'gi');
  return (text) => withoutStart(text.replace(forms, KEY_MARK), apiKey);
}

/** One character in all its spellings. Each repetition is bounded: a text may consist of nothing else. */
function anyFormOf(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16).padStart(2, '0');
  return [
    '(?:',
    `\\\\{0,4}${asPattern(character)}`,
    `|%(?:25){0,3}${hex}`,
    `|\\\\{1,4}u00${hex}`,
    `|&#(?:0{0,5}${code}|x0{0,5}${hex});`,
    ')',
  ].join('');
}

function asPattern(text: string): string {
  return text.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
}

/** What base64 makes of the key wherever it stands in what was encoded: it may begin at any of three bits. */
function inBase64(apiKey: string): string[] {
  return [0, 2, 3].map((foreign, before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(apiKey)]).toString('base64');
    const own = encoded.slice(foreign).replace(/.=+$/, '');
    return Array.from(own, (digit) =>
      digit === '+' ? '[+-]' : digit === '/' ? '[/_]' : asPattern(digit),
    ).join('');
  });
}

function withoutStart(text: string, apiKey: string): string {
  for (let length = apiKey.length - 1; length >= TELLING_START; length--)
    if (text.endsWith(apiKey.slice(0, length))) return text.slice(0, -length) + KEY_MARK;
  return text;
}
