import { posix } from 'node:path';
import type { DiagnosticCode } from '../domain/diagnostic.js';
import { MAX_URL } from '../domain/fields.js';
import { isLoopback } from '../domain/loopback.js';
import type { GatewaySetting } from '../domain/manifest.js';
import type { InputSource } from '../domain/take.js';
import { show } from './problems.js';

/** Why a text is not an address, in the words of a diagnostic. */
export interface AddressFault {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint: string | undefined;
}

type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: AddressFault };

/** Two letters or more, so that the drive of a Windows path does not match. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;

/**
 * What a frame or reference names: an https URL, or a local file inside the manifest's folder.
 * `plainHttp` allows http: on loopback, for gateways that live there.
 */
export function inputSource(text: string, plainHttp: boolean): Result<InputSource> {
  if (text.length > MAX_URL) return tooLong('the address');
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const path = insidePath(text);
    if (!path.ok) return path;
    if (path.value === '.' || path.value.endsWith('/'))
      return fault('invalid-value', `${show(text)} is a folder, not a file`);
    return { ok: true, value: { kind: 'file', path: path.value } };
  }
  if (scheme !== 'https' && scheme !== 'http') {
    const message = `${scheme}: is not an address that a gateway can fetch`;
    return fault('unsupported-url', message, 'give a local file (./name:with-colon.png) or an https URL');
  }
  const url = webUrl(text, { plainHttp, orFile: ', or a local file' });
  return url.ok ? { ok: true, value: { kind: 'url', url: url.value } } : url;
}

/** The internet calls a callback, so it is https for every gateway. */
export function callbackUrl(text: string): Result<string> {
  if (text.length > MAX_URL) return tooLong('callback_url');
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined)
    return fault('invalid-value', `callback_url must be an https URL, not ${show(withoutSecrets(text))}`);
  if (scheme !== 'https' && scheme !== 'http') {
    return fault('unsupported-url', `callback_url must be https, not ${scheme}`);
  }
  return webUrl(text, { plainHttp: false, orFile: '' });
}

/** The base of a gateway's API: https, or http on loopback; no key, no query in it. Without slashes at its end. */
export function baseUrl(text: string): Result<string> {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    return fault(
      'invalid-value',
      `base_url must be an https URL such as https://example.com/api/v1, not ${show(withoutSecrets(text))}`,
      'give only the address, without user and password, and name the variable that has the key in api_key_env',
    );
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return fault(
      'invalid-value',
      'base_url may not contain a user or password',
      'name the variable that has the key in api_key_env',
    );
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    return fault('invalid-value', 'base_url ends with its path; it has no ? or #');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return fault('insecure-url', 'the key would be sent unencrypted: http is only for loopback', 'use https');
  }
  return { ok: true, value: text.replace(/\/+$/, '') };
}

/** An address (or an invalid one) as it may be shown: a user, a password or a query may be somebody's key. */
export function withoutSecrets(address: string): string {
  return address
    .replace(/[?#].+/s, (rest) => `${rest.charAt(0)}…`)
    .replace(/^(.*?:\/\/)?.*@/s, (_, scheme: string | undefined) => `${scheme ?? ''}…@`)
    .replace(/\bsk-[\w-]{12,}/g, 'sk-…');
}

/** Whether inputs may be fetched over plain http: only from loopback, by a gateway that is on loopback itself. */
export function takesPlainHttp(gateway: GatewaySetting): boolean {
  if (gateway.kind === 'sandbox') return true;
  return gateway.kind === 'custom' && /^http:/i.test(gateway.base_url);
}

/**
 * A path inside the manifest's folder, with `/` and relative to it. Judged by its text alone: links on the disk
 * are checked when the file is opened.
 */
export function insidePath(text: string): Result<string> {
  const slashed = text.replaceAll('\\', '/');
  if (/\p{Cc}/u.test(text)) return fault('invalid-value', 'the path contains a control character');
  if (slashed.startsWith('//')) {
    return fault(
      'path-outside',
      `${show(text)} names another machine`,
      'give a path inside the folder of the manifest, or an https URL',
    );
  }
  const path = posix.normalize(slashed);
  if (path.startsWith('/') || /^[A-Za-z]:/.test(slashed) || path === '..' || path.startsWith('../')) {
    const message = `${show(text)} leads out of the manifest's folder`;
    return fault('path-outside', message, 'copy the file beside the manifest, or give an https URL');
  }
  return { ok: true, value: path };
}

/** `orFile` completes a hint if a file would do as well. */
function webUrl(
  text: string,
  { plainHttp, orFile }: { readonly plainHttp: boolean; readonly orFile: string },
): Result<string> {
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text))
    return fault('invalid-value', `${show(withoutSecrets(text))} is not a complete URL`);
  if (/[\s\p{Cc}]/u.test(text))
    return fault('invalid-value', 'the URL contains a space', 'write %20 for a space');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return fault(
      'unsupported-url',
      'the URL contains a user or password, which would be stored',
      `use a signed URL${orFile}`,
    );
  }
  if (url.protocol === 'http:' && !(plainHttp && isLoopback(url.hostname))) {
    const hint = plainHttp ? 'http is only for loopback' : `use https${orFile}`;
    return fault('insecure-url', `${url.host} is addressed over plain http`, hint);
  }
  return { ok: true, value: text };
}

function tooLong(what: string): { ok: false; fault: AddressFault } {
  return fault('invalid-value', `${what} has more than ${MAX_URL.toLocaleString('en')} characters`);
}

function fault(code: DiagnosticCode, message: string, hint?: string): { ok: false; fault: AddressFault } {
  return { ok: false, fault: { code, message, hint } };
}
