import { request as fetchUrl } from 'undici';
import { isMeantAsLoopback } from '../domain/loopback.js';
import { messageOf } from '../errors.js';
import { ASSET_HOST, type Assets } from './assets.js';
import { Refusal } from './answers.js';

/**
 * The bytes of an input image: of a data URL, of the sandbox's own, or fetched from its address, as a gateway
 * would. A rehearsal needs no network: if no server answers, a picture of the address replaces the image. Throws a
 * Refusal (400) if there is none.
 */
export async function loadInput(url: string, assets: Assets): Promise<Buffer> {
  if (url.startsWith('data:')) return decodeDataUrl(url);
  if (!URL.canParse(url)) throw new Refusal(400, `Invalid image URL: ${shown(url)}`);
  const parsed = new URL(url);
  if (parsed.hostname === ASSET_HOST || parsed.origin === assets.origin) return loadOwn(parsed, assets);
  const isAllowed =
    parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isMeantAsLoopback(parsed.hostname));
  if (!isAllowed)
    throw new Refusal(400, `Images come from https URLs or as data URLs, not from ${shown(url)}`);
  return fetchBytes(url, assets);
}

function decodeDataUrl(url: string): Buffer {
  const comma = url.indexOf(',');
  const data = url.slice(comma + 1);
  // Searches for one invalid letter: a pattern for the whole of 30 MB would exhaust its stack.
  if (comma < 0 || !/;base64$/i.test(url.slice(0, comma)) || data === '' || /[^A-Za-z0-9+/=\s]/.test(data)) {
    throw new Refusal(400, `Invalid image: ${shown(url)} is not a base64 data URL`);
  }
  return Buffer.from(data, 'base64');
}

async function loadOwn(url: URL, assets: Assets): Promise<Buffer> {
  const asset = await assets.find(url.pathname.replace(/^\/assets\//, '').replaceAll('%20', ' '));
  if (!asset) throw new Refusal(400, `Could not fetch ${url.href}: the sandbox has no such image`);
  return asset.bytes;
}

async function fetchBytes(url: string, assets: Assets): Promise<Buffer> {
  const answer = await fetchUrl(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
  if (!answer) return assets.standIn(shown(url));
  const { statusCode, body } = answer;
  try {
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`it answers ${statusCode}`);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MOST_BYTES) throw new Error('it is larger than 30 MB');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    throw new Refusal(400, `Could not fetch ${shown(url)}: ${messageOf(error)}`);
  }
}

const PATIENCE_MS = 10_000;
const MOST_BYTES = 30_000_000;

/** A URL fit for a message: without its query, which may be a secret, and not a megabyte long. */
function shown(url: string): string {
  const [beginning = ''] = url.split(/[?#,]/);
  return beginning.length > 120 ? `${beginning.slice(0, 120)}…` : beginning;
}
