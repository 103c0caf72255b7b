import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import type { Clock } from '../../clock.js';
import { DailiesError, packageError } from '../../errors.js';
import type { ByteRange } from '../clip-store.js';
import type { BucketAddress } from './address.js';
import { bucketError, isAbsent, mayPass } from './bucket-error.js';

/** What a listing says of an object. Its name is the part after the prefix of the bucket's address. */
export interface ObjectStat {
  readonly name: string;
  readonly bytes: number;
  /** Without quotes. With most servers, the MD5 in hex if the object came in one piece. */
  readonly etag: string;
  readonly modifiedMs: number;
}

/** One page of a listing, and the start of the next. */
export interface ListedPage {
  readonly objects: readonly ObjectStat[];
  readonly folders: readonly string[];
  readonly next: string | undefined;
}

/**
 * The objects below the prefix of a bucket, by plain requests. Once a server has answered, a later outage is waited out; all methods
 * throw `bucket` if it lasts too long, or if the server refuses.
 */
export interface Objects {
  readonly address: BucketAddress;
  /** The most bytes in one request; larger objects come in parts of this size. */
  readonly partBytes: number;
  /** One page; `isFlat: false` gives the folders below, without their content. */
  page(
    begin: string,
    options?: { readonly after?: string | undefined; readonly isFlat?: boolean },
  ): Promise<ListedPage>;
  /** All objects whose names begin with this. */
  list(begin: string): Promise<readonly ObjectStat[]>;
  /** The bytes of an object as they come; undefined if there is none. */
  read(name: string, range?: ByteRange): Promise<Readable | undefined>;
  /** The bytes of a small object; undefined if there is none. */
  get(name: string): Promise<Buffer | undefined>;
  /** Puts an object of a few megabytes at most, and gives its ETag without quotes: the caller checks whether it arrived unchanged. */
  put(name: string, body: Buffer, type: string): Promise<string>;
  /** Copies an object within the bucket, if it exists. */
  copy(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** A request of another kind. `doing` is for the error. */
  send<T>(
    doing: string,
    request: (client: Sdk.S3Client, sdk: typeof Sdk, key: Key) => Promise<T>,
  ): Promise<T>;
  /** Why the last request failed, if the server did not answer; undefined after one that succeeded. */
  trouble(): DailiesError | undefined;
}

/** The bucket and the key of an object, for requests. */
export type Key = (name: string) => { readonly Bucket: string; readonly Key: string };

/** How long to wait for a server that has answered before. */
const PATIENCE_MS = 120_000;
/** How long to wait for any other: its address may be wrong. */
const FIRST_PATIENCE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;
/** No server takes parts of less than 5 MB; each part on its way is in memory. */
const PART_BYTES = 8 * 1024 * 1024;
/** Requests on their way at once. */
const AT_ONCE = 32;

export interface ObjectsOptions {
  readonly clock: Clock;
  readonly patienceMs?: number;
  readonly partBytes?: number;
}

export function openObjects(
  address: BucketAddress,
  { clock, patienceMs = PATIENCE_MS, partBytes = PART_BYTES }: ObjectsOptions,
): Objects {
  const { bucket: Bucket, prefix } = address;
  const limit = pLimit(AT_ONCE);
  const key: Key = (name) => ({ Bucket, Key: prefix + name });
  let opened: Promise<{ readonly sdk: typeof Sdk; readonly client: Sdk.S3Client }> | undefined;
  let hasAnswered = false;
  let trouble: DailiesError | undefined;

  const send: Objects['send'] = (doing, request) =>
    limit(async () => {
      const { sdk, client } = await (opened ??= openClient(address));
      const sinceMs = clock.elapsed();
      for (let pauseMs = 250; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        try {
          const answer = await request(client, sdk, key);
          hasAnswered = true;
          trouble = undefined;
          return answer;
        } catch (cause) {
          // This is only a refusal of this one request.
          if (isAbsent(cause) || cause instanceof DailiesError) throw cause;
          const isAway = mayPass(cause);
          const patience = hasAnswered ? patienceMs : Math.min(patienceMs, FIRST_PATIENCE_MS);
          if (isAway && clock.elapsed() - sinceMs + pauseMs <= patience) {
            await clock.sleep(pauseMs);
            continue;
          }
          const error = bucketError(address, doing, cause);
          if (isAway) trouble = error;
          throw error;
        }
      }
    });

  const page: Objects['page'] = (begin, { after, isFlat = true } = {}) =>
    send('listing', async (client, sdk) => {
      const {
        Contents = [],
        CommonPrefixes = [],
        NextContinuationToken,
      } = await client.send(
        new sdk.ListObjectsV2Command({
          Bucket,
          Prefix: prefix + begin,
          ...(isFlat ? {} : { Delimiter: '/' }),
          ...(after === undefined ? {} : { ContinuationToken: after }),
        }),
      );
      return {
        objects: Contents.map(({ Key = '', Size = 0, ETag = '', LastModified }) => ({
          name: Key.slice(prefix.length),
          bytes: Size,
          etag: ETag.replaceAll('"', ''),
          modifiedMs: LastModified?.getTime() ?? 0,
        })),
        folders: CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(prefix.length + begin.length, -1)),
        next: NextContinuationToken,
      };
    });
  const read: Objects['read'] = async (name, range) => {
    const Range = range && `bytes=${range.start}-${range.end}`;
    try {
      return await send('reading', async (client, sdk) => {
        const { Body } = await client.send(
          new sdk.GetObjectCommand({ ...key(name), ...(Range && { Range }) }),
        );
        return Body instanceof Readable ? Body : undefined;
      });
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  };
  return {
    address,
    partBytes,
    page,
    async list(begin) {
      const all: ObjectStat[] = [];
      for (let after: string | undefined; ;) {
        const { objects, next } = await page(begin, { after });
        all.push(...objects);
        if (next === undefined) return all;
        after = next;
      }
    },
    read,
    async get(name) {
      const body = await read(name);
      if (!body) return undefined;
      try {
        const pieces: Buffer[] = [];
        for await (const piece of body) pieces.push(piece as Buffer);
        return Buffer.concat(pieces);
      } catch (cause) {
        throw bucketError(address, 'reading', cause);
      }
    },
    async put(name, body, type) {
      const about = { ContentType: type, ContentMD5: md5Of(body) };
      const { ETag = '' } = await send('writing', (client, sdk) =>
        client.send(new sdk.PutObjectCommand({ ...key(name), Body: body, ...about })),
      );
      return ETag.replaceAll('"', '');
    },
    async copy(from, to) {
      const source = [Bucket, ...(prefix + from).split('/')].map(encodeURIComponent).join('/');
      try {
        await send('copying', (client, sdk) =>
          client.send(new sdk.CopyObjectCommand({ ...key(to), CopySource: source })),
        );
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    },
    async remove(name) {
      await send('removing', (client, sdk) => client.send(new sdk.DeleteObjectCommand(key(name))));
    },
    send,
    trouble: () => trouble,
  };
}

/** The MD5 of some bytes for an HTTP header: servers that check it refuse bytes that were changed on the way. */
export function md5Of(body: Buffer): string {
  return createHash('md5').update(body).digest('base64');
}

const CONNECT_MS = 10_000;
const SILENCE_MS = 60_000;

/** Loads the SDK only when it is needed, because most projects have no bucket. */
async function openClient({ endpoint, region, pathStyle }: BucketAddress) {
  // The SDK warns that it drops Node 20. The user need not read that during a run.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await import('@aws-sdk/client-s3').catch((cause: unknown) => {
    throw packageError('@aws-sdk/client-s3', { code: 'bucket', what: 'a bucket', cause });
  });
  // Servers other than AWS accept any region in a signature.
  const elsewhere = endpoint !== undefined && process.env['AWS_REGION'] === undefined;
  const where = region ?? (elsewhere ? 'us-east-1' : undefined);
  const client = new sdk.S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(where === undefined ? {} : { region: where }),
    forcePathStyle: pathStyle,
    // The second try is for a wrong clock, which the SDK corrects; we do the waiting for a server that does not answer.
    maxAttempts: 2,
    // We verify what is stored, and several servers refuse the SDK's own checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  });
  return { sdk, client };
}
