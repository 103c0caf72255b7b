import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseBucketAddress } from '../../src/store/bucket/address.js';
import { openObjects } from '../../src/store/bucket/objects.js';
import { systemClock } from '../../src/clock.js';
import { BUCKET_ENV, startBucket, type BucketRequest, type BucketServer } from '../helpers/bucket.js';
import { builtCli } from '../helpers/built-cli.js';
import { cli } from '../helpers/cli.js';
import { volume } from '../helpers/long-pass.js';
import { KEY, startCommand, type Command } from './command.js';
import { makeFilm, type Film } from './film.js';
import { inspect, NOTHING_FOUND, sha256 } from './invariants.js';

/*
 * A purchase leaves its receipts in the bucket, and a delivery its clip between two of them. A run may die before and after
 * any of these requests, and its machine may be lost with it.
 */

let bucket: BucketServer;
let film: Film;
let prefix = 0;

beforeAll(async () => {
  [bucket] = await Promise.all([startBucket(), builtCli()]);
}, 120_000);
afterAll(() => bucket.close());
beforeEach(async () => {
  prefix++;
  film = await makeFilm(['a']);
});
afterEach(async () => {
  bucket.onTheWay = undefined;
  bucket.onDone = undefined;
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
  await film.remove();
});

const address = () => bucket.address(`p${prefix}`);
const runHere = () =>
  cli(['run', film.manifest, '--yes', '--quiet'], { env: { TEST_KEY: KEY, DAILIES_CLIPS: address() } });

/** What the bucket has, without its prefix. */
async function stored(): Promise<string[]> {
  const objects = openObjects(parseBucketAddress(address()), { clock: systemClock });
  return (await objects.list('')).map(({ name }) => name);
}

const receipt = (kind: string) => (request: BucketRequest) =>
  request.method === 'PUT' &&
  request.name.includes('/receipts/') &&
  request.body.includes(`"kind":"${kind}"`);
/** Each costs the start of a process: one of them in each `npm test`. */
const few = <T>(cases: readonly T[]): readonly T[] => volume({ short: cases.slice(-1), long: cases });

const clip = ({ method, name }: BucketRequest) => method === 'PUT' && name.includes('/clips/');

/** A run that is killed before a request has any effect, or when it has had it. */
async function dieAt(when: 'before' | 'after', isThen: (request: BucketRequest) => boolean): Promise<void> {
  const kill = async () => {
    const run = await starting;
    run.kill();
    await run.ended;
  };
  if (when === 'before')
    bucket.onTheWay = async (request) => {
      if (!isThen(request)) return {};
      await kill();
      return 'lost';
    };
  else
    bucket.onDone = async (request) => {
      if (isThen(request)) await kill();
    };
  const env = { ...BUCKET_ENV, DAILIES_CLIPS: address() };
  const starting: Promise<Command> = startCommand(['run', film.manifest, '--yes'], { env });
  expect(await (await starting).ended).toMatchObject({ signal: 'SIGKILL' });
  bucket.onTheWay = undefined;
  bucket.onDone = undefined;
}

async function expectInPlace(): Promise<void> {
  const [job] = film.server.jobs;
  const content = sha256(job ? film.clipOf(job) : Buffer.of());
  const names = await stored();
  expect(names.filter((name) => !name.startsWith('receipts/'))).toEqual([
    `clips/${content.slice(0, 2)}/${content}.mp4`,
  ]);
  expect(film.server.counters.posts).toBe(1);
}

describe('a run that is killed', () => {
  it.each(
    few<['before' | 'after', string, (request: BucketRequest) => boolean]>([
      ['before', 'the acceptance has its receipt', receipt('pending')],
      ['after', 'the acceptance has its receipt', receipt('pending')],
      ['before', 'the delivery has its receipt', receipt('delivered')],
      ['after', 'the delivery has its receipt', receipt('delivered')],
      ['before', 'the clip is in the bucket', clip],
      ['after', 'the clip is in the bucket', clip],
    ]),
  )('%s %s goes on, and nothing is bought twice', async (when, _, isThen) => {
    await dieAt(when, isThen);
    expect((await runHere()).stderr).toBe('');
    await expectInPlace();
  });

  it.each(
    few<['before' | 'after', string, (request: BucketRequest) => boolean]>([
      // Nothing was sent for it yet.
      ['before', 'the intent has its receipt', receipt('submitting')],
      ['after', 'the acceptance has its receipt', receipt('pending')],
      ['after', 'the delivery has its receipt', receipt('delivered')],
      ['before', 'the clip is in the bucket', clip],
      ['after', 'the clip is in the bucket', clip],
    ]),
  )(
    '%s %s, and lost with all that its machine knew, is taken up from the receipts',
    async (when, _, isThen) => {
      await dieAt(when, isThen);
      for (const path of [film.lockfile, film.journal, `${film.folder}/.dailies`])
        await rm(path, { recursive: true, force: true });
      await runHere();
      await expectInPlace();
    },
  );
});
