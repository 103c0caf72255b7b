import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseBucketAddress } from '../../../src/store/bucket/address.js';
import { openObjects } from '../../../src/store/bucket/objects.js';
import { openBucket } from '../../../src/store/bucket/open.js';
import type { ClipFacts } from '../../../src/store/clip-store.js';
import {
  refusal,
  startBucket,
  type BucketRequest,
  type BucketServer,
  type OnTheWay,
} from '../../helpers/bucket.js';
import { clipOf, describeClipStore, putPart, streamOf } from '../contracts/clip-store.js';
import { MS, newFolder, stillClock } from '../fixtures.js';

let server: BucketServer;
beforeAll(async () => {
  server = await startBucket();
});
afterEach(() => {
  server.onTheWay = undefined;
  server.onDone = undefined;
});
afterAll(() => server.close());

/** Small, so that a clip of several parts is small too. */
const PART_BYTES = 10_000;

let prefixes = 0;
function open({ prefix = `p${++prefixes}`, patienceMs = 2000 } = {}) {
  // Nobody sleeps here: a wait moves the clock on.
  const clock = stillClock();
  const work = newFolder();
  const address = parseBucketAddress(server.address(prefix));
  const objects = openObjects(address, { clock });
  const { clips } = openBucket(address, {
    ...{ work, patienceMs, clock, partBytes: PART_BYTES },
  });
  const names = async () => (await objects.list('')).map(({ name }) => name).sort();
  const again = () => open({ prefix, patienceMs });
  return { clips, objects, work, names, again, prefix };
}

/** Whatever was put into a bucket last is where it is read. */
let last: ReturnType<typeof open>;
describeClipStore('a bucket', {
  open: () => (last = open()).clips,
  readAside: async (place) => String(await last.objects.get(place)),
});

const clip = clipOf('the sea at sunrise');
const { sha256 } = clip.facts;
const nobody = () => Promise.resolve(new Set<string>());

/** A clip that takes two parts and a bit. */
const long = randomBytes(2 * PART_BYTES + 1000);
const longFacts: ClipFacts = {
  sha256: createHash('sha256').update(long).digest('hex'),
  bytes: long.length,
  container: 'mp4',
};
async function putLong(clips: ReturnType<typeof open>['clips']): Promise<void> {
  const { part } = await clips.openPart('long', 0);
  writeFileSync(part, long);
  await clips.put({ part }, longFacts);
}

/** Turns a byte of the first clip that comes by; `times` of them. */
function corrupt(
  times: number,
  isMeant = ({ name }: BucketRequest) => name.includes('/clips/'),
): { left: number } {
  const state = { left: times };
  server.onTheWay = (request) => {
    if (request.method !== 'PUT' || request.body.length === 0 || state.left === 0 || !isMeant(request))
      return {};
    state.left--;
    const body = Buffer.from(request.body);
    body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    return { body };
  };
  return state;
}

describe('a clip in a bucket', () => {
  it('lies under its content, and leaves no part on this machine', async () => {
    const { clips, names, work } = open();
    await putPart(clips, clip);
    expect(await names()).toEqual([`clips/${sha256.slice(0, 2)}/${sha256}.mp4`]);
    expect(readdirSync(join(work, 'incoming'))).toEqual([]);
  });

  it('comes in parts where it is long, and is the same', async () => {
    const { clips } = open();
    await putLong(clips);
    expect(server.requests.filter(({ query }) => query.has('partNumber')).length).toBeGreaterThanOrEqual(3);
    expect((await buffer(await clips.read(longFacts.sha256))).equals(long)).toBe(true);
    // Its ETag tells that it is there: nothing is sent or read again.
    const before = server.requests.length;
    await putLong(clips);
    expect(server.requests.slice(before).map(({ method }) => method)).not.toContain('PUT');
  });

  it.each([
    ['one piece', () => open(), (store: ReturnType<typeof open>) => putPart(store.clips, clip), sha256],
    ['parts', () => open(), (store: ReturnType<typeof open>) => putLong(store.clips), longFacts.sha256],
  ])(
    'that is changed on its way in %s is noticed, whatever the server says, and sent again',
    async (_, make, put, hash) => {
      const store = make();
      const way = corrupt(1);
      await put(store);
      expect(way.left).toBe(0);
      const stored = await buffer(await store.clips.read(hash));
      expect(createHash('sha256').update(stored).digest('hex')).toBe(hash);
    },
  );

  it('that arrives changed every time is not left there, and its part stays here', async () => {
    const { clips, names, work } = open();
    corrupt(Infinity);
    await expect(putPart(clips, clip)).rejects.toMatchObject({ code: 'bucket', exitCode: 3 });
    expect(await names()).toEqual([]);
    expect(readdirSync(join(work, 'incoming'))).toHaveLength(1);
  });

  it('leaves no upload behind that was broken off', async () => {
    const { clips, names } = open();
    server.onTheWay = ({ query }) => (query.get('partNumber') === '2' ? refusal(403, 'AccessDenied') : {});
    await expect(putLong(clips)).rejects.toMatchObject({ code: 'bucket' });
    expect(server.requests.some(({ method, query }) => method === 'DELETE' && query.has('uploadId'))).toBe(
      true,
    );
    expect(await names()).toEqual([]);
  });

  it('sweeps the uploads that others have left a day ago and more, and no younger ones', async () => {
    const { clips, prefix } = open();
    const aborted: (string | null)[] = [];
    const upload = (id: string, ageMs: number) =>
      `<Upload><Key>${prefix}/clips/ab/x.mp4</Key><UploadId>${id}</UploadId><Initiated>${new Date(MS - ageMs).toISOString()}</Initiated></Upload>`;
    server.onTheWay = ({ method, query }): OnTheWay => {
      if (query.has('uploads') && method === 'GET')
        return {
          status: 200,
          xml: `<?xml version="1.0"?><ListMultipartUploadsResult>${upload('old', 90_000_000)}${upload('young', 60_000)}</ListMultipartUploadsResult>`,
        };
      if (method !== 'DELETE') return {};
      aborted.push(query.get('uploadId'));
      return { status: 204 };
    };
    await putPart(clips, clip);
    await expect.poll(() => aborted).toEqual(['old']);
  });

  it('that is damaged is set aside by the next put, and not lost', async () => {
    const { clips, objects, names } = open();
    const name = `clips/${sha256.slice(0, 2)}/${sha256}.mp4`;
    await objects.put(name, Buffer.from('the sea at sunset!'), 'video/mp4');
    await putPart(clips, clip);
    expect(String(await objects.get(name))).toBe(clip.content);
    const aside = (await names()).find((one) => one.startsWith('damaged/')) ?? '';
    expect(String(await objects.get(aside))).toBe('the sea at sunset!');
  });

  it('is fetched once for however many want it as a file, and goes with the last of them', async () => {
    const { clips, work } = open();
    await putPart(clips, clip);
    const before = server.requests.filter(({ method, name }) => method === 'GET' && name !== '').length;
    const users = [1, 2, 3].map(() =>
      clips.asFile(sha256, (path) => Promise.resolve(readFileSync(path, 'utf8'))),
    );
    expect(await Promise.all(users)).toEqual([clip.content, clip.content, clip.content]);
    const after = server.requests.filter(({ method, name }) => method === 'GET' && name !== '').length;
    expect([after - before, readdirSync(join(work, 'incoming'))]).toEqual([1, []]);
  });

  it('is not lent where the bucket has other bytes under its name', async () => {
    const { clips, objects, work } = open();
    await objects.put(
      `clips/${sha256.slice(0, 2)}/${sha256}.mp4`,
      Buffer.from('the sea at sunset!'),
      'video/mp4',
    );
    await expect(clips.asFile(sha256, () => Promise.resolve())).rejects.toMatchObject({
      code: 'file-unusable',
    });
    expect(readdirSync(join(work, 'incoming'))).toEqual([]);
  });

  it('is looked for together with many others', async () => {
    const { clips } = open();
    const stored = [clip, clipOf('a second', 'webm'), clipOf('a third')];
    for (const [index, one] of stored.entries()) await putPart(clips, one, `p${index}`);
    const asked = [
      ...stored.map(({ facts }) => facts.sha256),
      ...Array.from({ length: 200 }, (_, index) => clipOf(`none ${index}`).facts.sha256),
    ];
    const before = server.requests.length;
    const found = await Promise.all(asked.map((one) => clips.stat(one)));
    expect(found.filter((one) => one !== undefined)).toEqual(stored.map(({ facts }) => facts));
    expect(server.requests.length - before).toBeLessThanOrEqual(2);
  });
});

describe('a bucket whose server is away', () => {
  it('is waited for once it has answered', async () => {
    const { clips } = open();
    await putPart(clips, clip);
    let lost = 0;
    server.onTheWay = () => (lost++ < 6 ? 'lost' : {});
    expect(await clips.stat(sha256)).toEqual(clip.facts);
  });

  it('is not waited for where it never answered: the address may be wrong', async () => {
    const { clips } = open();
    server.onTheWay = () => 'lost';
    await expect(clips.stat(sha256)).rejects.toMatchObject({
      code: 'bucket',
      message: expect.stringContaining('cannot be reached') as string,
    });
  });

  it('takes nothing in until it is back: nothing is bought for it meanwhile', async () => {
    const { clips } = open({ patienceMs: 0 });
    await putPart(clips, clip);
    expect(() => clips.assertThere()).not.toThrow();
    server.onTheWay = () => refusal(503, 'SlowDown');
    await expect(clips.stat(sha256)).rejects.toMatchObject({ code: 'bucket' });
    expect(() => clips.assertThere()).toThrow(expect.objectContaining({ code: 'bucket' }));
    server.onTheWay = undefined;
    await clips.stat(sha256);
    expect(() => clips.assertThere()).not.toThrow();
  });

  it.each([
    ['NoSuchBucket', 404, 'there is no such bucket', 'correct the name'],
    ['AccessDenied', 403, 'access was denied', 'list the bucket'],
    ['InvalidAccessKeyId', 403, 'does not take the credentials', 'AWS_ACCESS_KEY_ID'],
    ['RequestTimeTooSkewed', 403, 'the clock of this machine is wrong', 'NTP'],
    ['PermanentRedirect', 301, 'another region', 'region='],
  ])('or that says %s is told of with a remedy', async (code, status, why, remedy) => {
    const { clips } = open();
    server.onTheWay = () => refusal(status, code);
    const failure = await clips.stat(sha256).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'bucket',
      message: expect.stringContaining(why) as string,
      hint: expect.stringContaining(remedy) as string,
    });
  });
});

describe('clips that are being removed', () => {
  it('come back where a receipt that is written meanwhile needs them', async () => {
    const { clips, names } = open();
    await putPart(clips, clip);
    let asked = 0;
    const needed = () => Promise.resolve(new Set(++asked === 1 ? [] : [sha256]));
    expect(await clips.remove([sha256], needed)).toEqual([]);
    expect(await clips.stat(sha256)).toEqual(clip.facts);
    expect(await names()).toHaveLength(1);
  });

  it.each([
    ['taken away', ({ method, name }: BucketRequest) => method === 'PUT' && name.includes('/removing/')],
    ['looked at again', ({ method, name }: BucketRequest) => method === 'DELETE' && name.includes('/clips/')],
  ])('are never gone where the prune dies after they were %s', async (_, isThen) => {
    const { clips, again, names } = open();
    await putPart(clips, clip);
    server.onDone = (request) => {
      if (isThen(request)) server.onTheWay = () => refusal(403, 'AccessDenied');
    };
    await expect(clips.remove([sha256], nobody)).rejects.toMatchObject({ code: 'bucket' });
    server.onTheWay = undefined;
    expect(await again().clips.stat(sha256)).toEqual(clip.facts);
    // The next prune makes an end of what is left.
    await again().clips.remove([], nobody);
    expect(await names()).toEqual([`clips/${sha256.slice(0, 2)}/${sha256}.mp4`]);
  });

  it('are put by whoever finds them gone', async () => {
    const { clips } = open();
    await putPart(clips, clip);
    await clips.remove([sha256], nobody);
    await clips.put(streamOf(clip.content), clip.facts);
    expect(await clips.stat(sha256)).toEqual(clip.facts);
  });
});
