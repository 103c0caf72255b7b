import { stripVTControlCharacters } from 'node:util';
import { isSigned, unsignedUrl } from '../domain/unsigned-url.js';
import { asObject, asText, parseJson, type JsonObject } from './json.js';

/** Takes the key out of a text that leaves the program. */
export type Redact = (text: string) => string;

/** Longest text of a gateway that is passed on, in UTF-16 units. */
const LONGEST = 500;
/** A shorter word may well occur by itself, and is no key. */
const SHORTEST_KEY = 4;

/** A key this long turns up in no name and no address by chance. */
const UNMISTAKABLE_KEY = 16;

/** As `redactor`, for what is worked with and not only shown: a short key may be part of a model's name there. */
export function dataRedactor(apiKey: string | undefined): Redact {
  return redactor(apiKey !== undefined && apiKey.length < UNMISTAKABLE_KEY ? undefined : apiKey);
}

/** Replaces the key, also where it stands URL-encoded, by `[key]`. */
export function redactor(apiKey: string | undefined): Redact {
  if (apiKey === undefined || apiKey.length < SHORTEST_KEY) return (text) => text;
  const forms = [...new Set([apiKey, encodeURIComponent(apiKey)])];
  return (text) => forms.reduce((rest, form) => rest.replaceAll(form, '[key]'), text);
}

/** Characters that turn the reading direction around, and so can make a text say what it does not. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A gateway's text as it may be shown and kept: whatever steers a terminal or turns text around is dropped, white
 * space is made plain, the key and the signatures of URLs are taken out, and the length is bounded.
 */
export function printable(text: string, redact: Redact): string {
  const plain = stripVTControlCharacters(text)
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .replace(BIDI, '')
    .trim();
  // Only now: a control character in the midst of the key would have hidden it.
  const safe = redact(plain).replace(/https?:\/\/[^\s"'<>]+/g, (url) =>
    isSigned(url) ? unsignedUrl(url) : url,
  );
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]?\s*$/, '')}…` : safe;
}

/**
 * What an error says, word for word. It is a string or an object with a message; where an aggregator wraps the words
 * of a provider or the reasons of a moderation (`metadata.raw`, `metadata.reasons`), those follow in brackets.
 */
export function errorWords(error: unknown): string | undefined {
  const text = asText(error);
  if (text !== undefined) return text;
  const fields = asObject(error);
  if (!fields) return undefined;
  const message = asText(fields['message']) ?? asText(fields['detail']) ?? asText(fields['error']);
  if (message === undefined) return shortJson(fields);
  const metadata = asObject(fields['metadata']) ?? {};
  const reasons = Array.isArray(metadata['reasons']) ? metadata['reasons'].map(String).join(', ') : '';
  const more = asText(metadata['raw']) ?? asText(reasons);
  return more === undefined || message.includes(more) ? message : `${message} (${more})`;
}

/** What the body of an answer says: the words of its error, or what can be read of a page that is not JSON. */
export function bodyWords(body: Buffer): string | undefined {
  const value = parseJson(body);
  if (value !== undefined) {
    const fields = asObject(value);
    return errorWords(fields?.['error'] ?? fields?.['message'] ?? fields?.['detail'] ?? value);
  }
  const start = body.subarray(0, 4096).toString();
  if (start.startsWith('<?xml') || start.startsWith('<Error>')) return xmlWords(start);
  if (!/<(?:!doctype|html|head|body|h1)\b/i.test(start)) return asText(start);
  const title = /<(title|h1)\b[^>]*>([^<]*)/i.exec(start)?.[2]?.trim();
  return title ? `an HTML page, "${title}"` : 'an HTML page';
}

/** A storage's error names the access key and the signature too: only the code and the message are passed on. */
function xmlWords(text: string): string {
  const [, code] = /<Code>([^<]*)/i.exec(text) ?? [];
  const [, message] = /<Message>([^<]*)/i.exec(text) ?? [];
  return [code, message].filter((part) => part !== undefined).join(': ') || 'an XML document';
}

function shortJson(value: JsonObject): string | undefined {
  try {
    const text = JSON.stringify(value);
    return text === '{}' ? undefined : text;
  } catch {
    // Nested deeper than the stack.
    return undefined;
  }
}
