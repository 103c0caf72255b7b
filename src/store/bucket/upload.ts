import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { onDisk } from '../../disk-error.js';
import { DailiesError } from '../../errors.js';
import type { ClipFacts } from '../clip-store.js';
import { shownAddress } from './address.js';
import { md5Of, type Objects } from './objects.js';

/*
 * Servers have accepted uploads that were changed on the way, whatever checksum came with them. So an object counts as stored only
 * if its length and its ETag are those of our bytes, or if it was read back.
 */

/** Parts of one upload on their way at once. */
const PARTS_AT_ONCE = 3;
/** How often an object is sent if it arrives changed. */
const TRIES = 3;
/** An upload that is not complete after this time was abandoned. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** The ETag of an object that came in pieces with these MD5s, on servers that make it from them. */
function etagOf(md5s: readonly Buffer[]): string {
  const [first, ...others] = md5s;
  if (first && others.length === 0) return first.toString('hex');
  return `${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${md5s.length}`;
}

/** What identifies a file in pieces. */
interface Digest {
  readonly sha256: string;
  readonly bytes: number;
  readonly etag: string;
}

/** Passes the pieces of a file to `each` in turn, and gives its digest. */
async function digestOf(
  path: string,
  pieceBytes: number,
  each: (piece: Buffer, index: number) => Promise<void> = () => Promise.resolve(),
): Promise<Digest> {
  const sha256 = createHash('sha256');
  const md5s: Buffer[] = [];
  let bytes = 0;
  const file = await onDisk(path, 'read', () => open(path));
  try {
    for (let piece = await nextPiece(file, path, pieceBytes); piece;) {
      sha256.update(piece);
      md5s.push(createHash('md5').update(piece).digest());
      bytes += piece.length;
      await each(piece, md5s.length);
      piece = piece.length < pieceBytes ? undefined : await nextPiece(file, path, pieceBytes);
    }
  } finally {
    await file.close();
  }
  return { sha256: sha256.digest('hex'), bytes, etag: etagOf(md5s) };
}

async function nextPiece(file: FileHandle, path: string, pieceBytes: number): Promise<Buffer | undefined> {
  const piece = Buffer.allocUnsafe(pieceBytes);
  let filled = 0;
  while (filled < pieceBytes) {
    const { bytesRead } = await onDisk(path, 'read', () => file.read(piece, filled, pieceBytes - filled));
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === 0 ? undefined : piece.subarray(0, filled);
}

/** Whether an object is as wanted, by its ETag or else by its bytes. */
async function isStored(objects: Objects, name: string, wanted: Digest): Promise<boolean> {
  const [found] = await objects.list(name);
  if (found?.name !== name || found.bytes !== wanted.bytes) return false;
  return found.etag === wanted.etag || (await hashOf(objects, name)) === wanted.sha256;
}

/** The sha256 of an object; undefined if there is none. Throws `bucket`. */
async function hashOf(objects: Objects, name: string): Promise<string | undefined> {
  const body = await objects.read(name);
  if (!body) return undefined;
  const hash = createHash('sha256');
  try {
    await pipeline(body, hash);
  } catch {
    return 'it broke off';
  }
  return hash.digest('hex');
}

/** Whether a bucket has exactly the bytes of a file under a name. Throws `file-unusable` if the file is not what `clip` says. */
export async function hasFile(objects: Objects, name: string, file: ClipFile): Promise<boolean> {
  return isStored(objects, name, assertClip(await digestOf(file.path, objects.partBytes), file.clip));
}

/** A whole clip in a file. */
export interface ClipFile {
  readonly path: string;
  readonly clip: ClipFacts;
}

/**
 * Uploads a file and checks that it is stored. Throws `bucket`, and `file-unusable` if the file is not what `clip` says: then nothing
 * is stored.
 */
export async function uploadFile(objects: Objects, name: string, { path, clip }: ClipFile): Promise<void> {
  const type = clip.container === 'input' ? 'application/octet-stream' : `video/${clip.container}`;
  const small = clip.bytes <= objects.partBytes;
  for (let tries = 1; tries <= TRIES; tries++) {
    const sent = await (small
      ? inOnePiece(objects, name, { path, clip, type })
      : inParts(objects, name, { path, clip, type }));
    if (await isStored(objects, name, sent)) return;
  }
  await objects.remove(name);
  throw new DailiesError(
    'bucket',
    `the clip arrived changed in ${shownAddress(objects.address)}, ${TRIES} times: ${clip.sha256.slice(0, 12)}…`,
    {
      hint: 'something on the way changes it: check proxies, the network and the server; the clip is kept here until the next run',
    },
  );
}

interface Sending extends ClipFile {
  readonly type: string;
}

async function inOnePiece(objects: Objects, name: string, { path, clip, type }: Sending): Promise<Digest> {
  let body = Buffer.of();
  const digest = await digestOf(path, objects.partBytes, (piece) => {
    body = piece as Buffer<ArrayBuffer>;
    return Promise.resolve();
  });
  assertClip(digest, clip);
  await objects.put(name, body, type);
  return digest;
}

/** The object becomes visible only when the last part is there and the whole is what `clip` says. */
async function inParts(objects: Objects, name: string, { path, clip, type }: Sending): Promise<Digest> {
  const { UploadId } = await objects.send('writing', (client, sdk, key) =>
    client.send(new sdk.CreateMultipartUploadCommand({ ...key(name), ContentType: type })),
  );
  const parts: { readonly PartNumber: number; readonly ETag: string | undefined }[] = [];
  const sent: Promise<void>[] = [];
  const sendPart = async (body: Buffer, PartNumber: number): Promise<void> => {
    const { ETag } = await objects.send('writing', (client, sdk, key) =>
      client.send(
        new sdk.UploadPartCommand({
          ...key(name),
          UploadId,
          PartNumber,
          Body: body,
          ContentMD5: md5Of(body),
        }),
      ),
    );
    parts.push({ PartNumber, ETag });
  };
  try {
    const digest = await digestOf(path, objects.partBytes, async (piece, number) => {
      const part = sendPart(piece, number);
      part.catch(() => undefined);
      sent.push(part);
      await sent[sent.length - PARTS_AT_ONCE];
    });
    await Promise.all(sent);
    assertClip(digest, clip);
    const Parts = parts.toSorted((a, b) => a.PartNumber - b.PartNumber);
    await objects.send('writing', (client, sdk, key) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({ ...key(name), UploadId, MultipartUpload: { Parts } }),
      ),
    );
    return digest;
  } catch (error) {
    await Promise.allSettled(sent);
    await abort(objects, name, UploadId);
    throw error;
  }
}

function assertClip(digest: Digest, clip: ClipFacts): Digest {
  if (digest.sha256 === clip.sha256 && digest.bytes === clip.bytes) return digest;
  throw new DailiesError(
    'file-unusable',
    `the bytes to be stored are not the clip ${clip.sha256.slice(0, 12)}…`,
  );
}

/** If an upload cannot be aborted now, a later run does it. */
async function abort(objects: Objects, name: string, UploadId: string | undefined): Promise<void> {
  await objects
    .send('writing', (client, sdk, key) =>
      client.send(new sdk.AbortMultipartUploadCommand({ ...key(name), UploadId })),
    )
    .catch(() => undefined);
}

/** Aborts uploads that dead processes left below a prefix: nobody sees them, and they cost money. Never throws. */
export async function sweepUploads(objects: Objects, nowMs: number): Promise<void> {
  const { prefix, bucket: Bucket } = objects.address;
  try {
    const { Uploads = [] } = await objects.send('listing', (client, sdk) =>
      client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: `${prefix}clips/` })),
    );
    for (const { Key = '', UploadId, Initiated } of Uploads)
      if (Initiated && nowMs - Initiated.getTime() > ABANDONED_MS)
        await abort(objects, Key.slice(prefix.length), UploadId);
  } catch {
    // Not every server lists uploads; then the bucket's own rules clean up.
  }
}
