/* Some proxies and stores compress what they send although they were asked not to (`accept-encoding: identity`). */
import { Writable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzipSync,
  inflateRawSync,
  inflateSync,
} from 'node:zlib';
import { errnoOf } from '../disk-error.js';
import { messageOf } from '../errors.js';
import { looksLikeClip } from './clip-answer.js';
import { asError, type BodySink, type Head } from './wire.js';

interface Coding {
  /** Gives as much as can be read, even of torn bytes. */
  readonly unpack: (body: Buffer, maxOutputLength: number) => Buffer;
  /** Fails on torn bytes. */
  readonly stream: () => Transform;
}

const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = constants;

const gzip: Coding = {
  unpack: (body, maxOutputLength) => gunzipSync(body, { maxOutputLength, finishFlush: Z_SYNC_FLUSH }),
  stream: createGunzip,
};

const deflate: Coding = {
  /** The standard puts it in the frame of zlib (RFC 9110, 8.4.1.2), but some servers send it bare. */
  unpack(body, maxOutputLength) {
    const options = { maxOutputLength, finishFlush: Z_SYNC_FLUSH };
    const isFramed = ((body[0] ?? 0) & 15) === 8;
    return isFramed ? inflateSync(body, options) : inflateRawSync(body, options);
  },
  stream: createInflate,
};

const brotli: Coding = {
  unpack: (body, maxOutputLength) =>
    brotliDecompressSync(body, { maxOutputLength, finishFlush: BROTLI_OPERATION_FLUSH }),
  stream: createBrotliDecompress,
};

const CODINGS = new Map([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', deflate],
  ['br', brotli],
]);

/** No server compresses more often than this; each layer takes memory. */
const MOST_LAYERS = 3;

/** How a body was compressed, in the order for decompressing it; unknown names are skipped. */
function codingsOf({ headers }: Head): readonly Coding[] {
  const encoding = headers['content-encoding'];
  if (encoding === undefined) return [];
  const names = [encoding].flat().join(',').toLowerCase().split(',');
  const codings = names.flatMap((name) => CODINGS.get(name.trim()) ?? []).reverse();
  return codings.length > MOST_LAYERS ? [] : codings;
}

/** Whether a body comes compressed, in a way that we can decompress. */
export function isPacked(head: Head): boolean {
  return codingsOf(head).length > 0;
}

/** The decompressed body; of a torn one as much as can be read. An unreadable body stays as it is. */
export function unpacked(head: Head, body: Buffer, maxBytes: number): Buffer {
  try {
    return codingsOf(head).reduce((packed, { unpack }) => unpack(packed, maxBytes), body);
  } catch {
    return body;
  }
}

/** Decompresses a body on its way into a sink. */
export interface Unpacking {
  readonly sink: BodySink;
  /** Waits for the last byte, or stops if not all of them came. Gives the reason if the body could not be decompressed. */
  end(body: { readonly isComplete: boolean }): Promise<Error | undefined>;
}

/** Decompresses a body into a target, piece by piece. If a clip is only labelled compressed, it is passed on unchanged. */
export function unpackInto(head: Head, target: BodySink): Unpacking | undefined {
  const streams = codingsOf(head).map(({ stream }) => stream());
  const [first] = streams;
  if (!first) return undefined;
  let failure: Error | undefined;
  let resumeSource = (): void => undefined;
  const done = pipeline([...streams, writableTo(target)]).catch((error: unknown) => {
    // Errors of node:zlib have a code.
    failure =
      errnoOf(error) === undefined
        ? asError(error)
        : new Error(`it came packed and cannot be unpacked: ${messageOf(error)}`, { cause: error });
    resumeSource();
  });
  let isPlain: boolean | undefined;
  return {
    sink: {
      write(piece, resume) {
        isPlain ??= looksLikeClip(piece);
        if (isPlain) return target.write(piece, resume);
        if (failure) throw failure;
        resumeSource = resume;
        const more = first.write(piece);
        if (!more) first.once('drain', resume);
        return more;
      },
    },
    async end({ isComplete }) {
      const isWanted = isComplete && !isPlain;
      if (isWanted) first.end();
      else first.destroy();
      await done;
      return isWanted ? failure : undefined;
    },
  };
}

/** A sink as the end of a pipeline. */
function writableTo(sink: BodySink): Writable {
  return new Writable({
    write(piece: Buffer, _, done) {
      let isTaken = false;
      const take = (): void => {
        if (!isTaken) done();
        isTaken = true;
      };
      try {
        if (sink.write(piece, take)) take();
      } catch (error) {
        done(asError(error));
      }
    },
  });
}
