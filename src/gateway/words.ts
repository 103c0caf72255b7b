import { stripVTControlCharacters } from 'node:util';
import { REORDERING } from '../domain/foreign-text.js';
import { isSigned, unsignedUrl } from '../domain/unsigned-url.js';
import { asObject, asText, parseJson, type JsonObject } from './json.js';
import type { Redact } from './redact.js';

/** Longest text of a gateway that is passed on, in UTF-16 units. */
const LONGEST = 500;
/** Text beyond this length is not even read. */
const MOST_LOOKED_AT = 16 * 1024;
/** Nobody reads more of them. */
const MOST_REASONS = 20;

/**
 * A gateway's text in a form that may be shown and stored: without characters that control a terminal or reverse text, with plain
 * white space, without the key and the signatures of URLs, and of limited length.
 */
export function printable(text: string, redact: Redact): string {
  const plain = stripVTControlCharacters(text.slice(0, MOST_LOOKED_AT))
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .replace(REORDERING, '')
    .replace(/\p{Cs}/gu, '\ufffd')
    .trim();
  // Only now, because a control character inside the key would have hidden it.
  const safe = redact(plain).replace(/https?:\/\/[^\s"'<>]+/g, (url) =>
    isSigned(url) ? unsignedUrl(url) : url,
  );
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]?\s*$/, '')}…` : safe;
}

/**
 * The text of an error. It is a string or an object with a message; if an aggregator wraps the text
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
  const more = asText(metadata['raw']) ?? reasonsIn(metadata['reasons']);
  return more === undefined || message.includes(more) ? message : `${message} (${more})`;
}

/** The reasons of a moderation, usually a list of words. */
function reasonsIn(list: unknown): string | undefined {
  if (!Array.isArray(list)) return undefined;
  const reasons = list.slice(0, MOST_REASONS).map((reason: unknown) => asText(reason) ?? jsonOf(reason));
  return asText(reasons.filter((reason) => reason !== undefined).join(', '));
}

/** What the body of an answer says: the words of its error, or the readable text of a page that is not JSON. */
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

/** A storage's error also names the access key and the signature: only the code and the message are passed on. */
function xmlWords(text: string): string {
  const [, code] = /<Code>([^<]*)/i.exec(text) ?? [];
  const [, message] = /<Message>([^<]*)/i.exec(text) ?? [];
  return [code, message].filter((part) => part !== undefined).join(': ') || 'an XML document';
}

function shortJson(value: JsonObject): string | undefined {
  const text = jsonOf(value);
  return text === '{}' ? undefined : text;
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // Nested deeper than the stack.
    return undefined;
  }
}
