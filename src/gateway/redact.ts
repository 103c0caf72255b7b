/** Removes the key from a text. */
export type Redact = (text: string) => string;

/** Replaces the key. An id or an address that contains it is not valid. */
export const KEY_MARK = '[key]';

/** A shorter word may occur by chance, and is not a key. */
const SHORTEST_KEY = 4;
/** A key this long appears in no name and no address by chance. */
const UNMISTAKABLE_KEY = 16;
/** If a text ends within a key, this many of the key's characters are too many. */
const TELLING_START = 12;

/** Like `redactor`, for text that is used and not only shown: there a short key may be part of a model's name. */
export function dataRedactor(apiKey: string | undefined): Redact {
  return redactor(apiKey !== undefined && apiKey.length < UNMISTAKABLE_KEY ? undefined : apiKey);
}

/**
 * Replaces the key in every form: as it is, in another case, URL-encoded, escaped as in JSON or HTML, in base64, and at the end of
 * a text that breaks off within it.
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

/** One character in all its spellings. Each repetition is limited, because a text may consist of nothing else. */
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

/** The base64 forms of the key, which may start at any of three offsets in the encoded text. */
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
