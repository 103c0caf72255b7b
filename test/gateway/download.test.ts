import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs, { existsSync } from 'node:fs';
import { link, lstat, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { DownloadRequest } from '../../src/gateway/download.js';
import type { Gateway } from '../../src/gateway/gateway.js';
import type { DownloadOutcome } from '../../src/gateway/outcomes.js';
import {
  startGatewayServer,
  type Fault,
  type GatewayServer,
  type HeldJob,
} from '../helpers/gateway-server.js';
import { closedPort, gatewayAt, httpServer, KEY, never, NOW, REQUEST } from './fixtures.js';

/** Filling a disk takes one of its own, and mounting that takes root on Linux. */
const CAN_MOUNT = process.platform === 'linux' && process.getuid?.() === 0;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const downloaded = (clip: Buffer): DownloadOutcome => ({
  kind: 'downloaded',
  bytes: clip.length,
  sha256: sha256(clip),
});

interface Scene {
  readonly server: GatewayServer;
  readonly gateway: Gateway;
  readonly job: HeldJob;
  readonly folder: string;
  readonly target: string;
  /** Downloads the n-th output from the content endpoint, or from wherever the options say. */
  readonly download: (options?: Partial<DownloadRequest> & { index?: number }) => Promise<DownloadOutcome>;
}

async function scene(clip: Buffer | readonly Buffer[] = randomBytes(300_000), ranges = true): Promise<Scene> {
  const server = await startGatewayServer({ apiKey: KEY });
  onTestFinished(() => server.close());
  const folder = await mkdtemp(join(tmpdir(), 'dailies-download-'));
  const gateway = gatewayAt(server.baseUrl);
  await gateway.submit(REQUEST, never());
  const job = await server.nextJob();
  job.complete(clip, { ranges });
  const target = join(folder, 'job-1-0.part');
  const download: Scene['download'] = ({ index = 0, ...options } = {}) =>
    gateway.download({
      source: gateway.contentUrl(job, index),
      target,
      identity: `${job.id}/${index}`,
      maxBytes: 1e9,
      signal: never(),
      ...options,
    });
  return { server, gateway, job, folder, target, download };
}

/** A server of anything, whose answer is fetched without the key. */
async function downloadFrom(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<{
  readonly outcome: DownloadOutcome;
  readonly files: readonly string[];
  /** Downloads it once more, to where the first try has left it. */
  readonly again: () => Promise<DownloadOutcome>;
}> {
  const { origin } = await httpServer(listener);
  const { download, folder } = await scene();
  const again = () => download({ source: { url: `${origin}/clip`, withKey: false } });
  const outcome = await again();
  return { outcome, files: await readdir(folder), again };
}

describe('a download', () => {
  it('brings the whole clip to the disk, with its length and hash', async () => {
    const clip = randomBytes(5_000_000);
    const { download, target, folder } = await scene(clip);
    expect(await download()).toEqual(downloaded(clip));
    expect((await readFile(target)).equals(clip)).toBe(true);
    expect(await readdir(folder)).toEqual(['job-1-0.part']);
  });

  it('fetches each output of a job', async () => {
    const clips = [Buffer.from('the first'), Buffer.from('the second')];
    const { download, target } = await scene(clips);
    await download({ index: 1 });
    expect(await readFile(target, 'utf8')).toBe('the second');
  });

  it('says how far it has come', async () => {
    const { download } = await scene(randomBytes(1_000_000));
    const steps: [number, number | undefined][] = [];
    await download({ onProgress: (bytes, total) => steps.push([bytes, total]) });
    expect(steps.at(-1)).toEqual([1_000_000, 1_000_000]);
    expect(steps.map(([bytes]) => bytes)).toEqual(steps.map(([bytes]) => bytes).toSorted((a, b) => a - b));
  });

  it('takes a body whose length was not announced', async () => {
    const clip = randomBytes(200_000);
    const { outcome } = await downloadFrom((_, response) => {
      response.write(clip.subarray(0, 1000));
      response.end(clip.subarray(1000));
    });
    expect(outcome).toEqual(downloaded(clip));
  });

  it('overwrites what another job left under the name', async () => {
    const clip = randomBytes(100);
    const { download, target } = await scene(clip);
    await writeFile(target, randomBytes(1000));
    expect(await download()).toEqual(downloaded(clip));
    expect((await readFile(target)).equals(clip)).toBe(true);
  });

  it.each([
    ['text/plain', Buffer.concat([Buffer.from('\0\0\0\u0018ftypisom'), randomBytes(1000)])],
    ['application/json', Buffer.concat([Buffer.from('1a45dfa3', 'hex'), randomBytes(1000)])],
    ['application/octet-stream', randomBytes(1000)],
    ['video/webm', randomBytes(1000)],
  ])('takes a clip that is called %s', async (type, clip) => {
    const { outcome } = await downloadFrom((_, response) => {
      response.writeHead(200, { 'content-type': type });
      // The first bytes come by themselves, as they may.
      response.write(clip.subarray(0, 5), () => response.end(clip.subarray(5)));
    });
    expect(outcome).toEqual(downloaded(clip));
  });
});

describe('a clip has a largest size, whatever comes', () => {
  const clip = Buffer.concat([Buffer.from('\0\0\0\u0018ftypisom'), Buffer.alloc(20_000_000)]);
  const tooLarge = { kind: 'too_large', message: 'it is larger than 5 MB' };

  it.each<[string, (response: ServerResponse) => void]>([
    ['announced', (response) => response.writeHead(200, { 'content-length': clip.length }).end(clip)],
    ['not announced', (response) => response.write(clip, () => response.end())],
    [
      'without end',
      (response) => {
        const pour = () => {
          while (!response.destroyed && response.write(clip.subarray(0, 100_000)));
          response.once('drain', pour);
        };
        response.writeHead(200, { etag: '"a"' });
        pour();
      },
    ],
    [
      'packed small',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(clip)),
    ],
    [
      'packed twice',
      (response) =>
        response.writeHead(200, { 'content-encoding': 'br, gzip' }).end(gzipSync(brotliCompressSync(clip))),
    ],
  ])('%s: it is stopped there, and nothing of it stays', async (_, answer) => {
    const { origin } = await httpServer((__, response) => answer(response));
    const { download, folder } = await scene();
    let most = 0;
    const outcome = await download({
      source: { url: `${origin}/clip`, withKey: false },
      maxBytes: 5_000_000,
      onProgress: (bytes) => (most = Math.max(most, bytes)),
    });
    expect(outcome).toEqual(tooLarge);
    expect(most).toBeLessThanOrEqual(5_000_000);
    expect(await readdir(folder)).toEqual([]);
  });

  it('and comes where it is just as large', async () => {
    const { download } = await scene(clip);
    expect(await download({ maxBytes: clip.length })).toEqual(downloaded(clip));
  });
});

describe('a clip that comes packed, although it was asked for as it is', () => {
  const head = Buffer.from('\0\0\0\u0018ftypisom');
  const clip = Buffer.concat([head, randomBytes(3_000_000), Buffer.alloc(3_000_000)]);
  const page = '<p>Your balance is empty</p>';
  const sendPacked =
    (encoding: string, body: Buffer, type = 'video/mp4') =>
    (_: IncomingMessage, response: ServerResponse): void => {
      const headers = { 'content-type': type, 'content-encoding': encoding, etag: '"a"' };
      response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
    };

  it.each([
    ['gzip', gzipSync(clip)],
    ['deflate', deflateSync(clip)],
    ['BR', brotliCompressSync(clip, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
    ['deflate, x-gzip', gzipSync(deflateSync(clip))],
    ['aws-chunked', clip],
  ])('is unpacked on its way: %s', async (encoding, body) => {
    const { outcome, files } = await downloadFrom(sendPacked(encoding, body));
    expect(outcome).toEqual(downloaded(clip));
    expect(files).toEqual(['job-1-0.part']);
  });

  it('is taken as it is where it is only called so', async () => {
    expect((await downloadFrom(sendPacked('gzip', clip))).outcome).toEqual(downloaded(clip));
  });

  it('is unpacked under a wrong type too', async () => {
    const { outcome } = await downloadFrom(sendPacked('gzip', gzipSync(clip), 'text/plain'));
    expect(outcome).toEqual(downloaded(clip));
  });

  it('is fetched from its first byte where it broke off', async () => {
    const packed = gzipSync(clip);
    const ranges: (string | undefined)[] = [];
    const { outcome, again, files } = await downloadFrom((request, response) => {
      ranges.push(request.headers.range);
      if (ranges.length > 1) {
        sendPacked('gzip', packed)(request, response);
        return;
      }
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length, etag: '"a"' });
      response.write(packed.subarray(0, 2_000_000), () => setImmediate(() => response.destroy()));
    });
    expect(outcome.kind).toBe('interrupted');
    expect(files).toEqual([]);
    expect(await again()).toEqual(downloaded(clip));
    expect(ranges).toEqual([undefined, undefined]);
  });

  it.each([
    ['torn', gzipSync(clip).subarray(0, -8), 'unexpected end of file'],
    ['of something else', Buffer.alloc(1_000_000, 'x'), 'incorrect header check'],
  ])('and is %s is no clip yet', async (_, body, words) => {
    const { outcome, files } = await downloadFrom(sendPacked('gzip', body));
    expect(outcome).toEqual({
      kind: 'interrupted',
      message: `it came packed and cannot be unpacked: ${words}`,
    });
    expect(files).toEqual([]);
  });

  it.each([200, 403])('lets a page speak that comes in its place with a %i', async (status) => {
    const { outcome } = await downloadFrom((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html', 'content-encoding': 'gzip' });
      response.end(gzipSync(page));
    });
    expect(outcome).toMatchObject({ message: expect.stringContaining('Your balance is empty') as unknown });
  });

  it.runIf(CAN_MOUNT)('meets a full disk like any other', async () => {
    const { origin } = await httpServer(sendPacked('gzip', gzipSync(clip)));
    const { download } = await scene();
    const target = join(await smallDisk(), 'clip');
    const asked = download({ source: { url: `${origin}/clip`, withKey: false }, target });
    await expect(asked).rejects.toMatchObject({ code: 'disk' });
  });

  it('is not waited for when the run is stopped', async () => {
    const stop = new AbortController();
    const { origin } = await httpServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(gzipSync(clip).subarray(0, 1_000_000));
    });
    const { download, folder } = await scene();
    const asked = download({
      source: { url: `${origin}/clip`, withKey: false },
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stopped')),
    });
    await expect(asked).rejects.toThrow('stopped');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a download that breaks off', () => {
  it('goes on where it was under whatever type the clip comes', async () => {
    const clip = Buffer.concat([Buffer.from('\0\0\0\u0018ftypisom'), randomBytes(100_000)]);
    const head = { 'content-type': 'text/plain', etag: '"a"' };
    const { outcome, again } = await downloadFrom(({ headers: { range } }, response) => {
      const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
      const rest = clip.subarray(start);
      const place = {
        'content-length': rest.length,
        'content-range': `bytes ${start}-${clip.length - 1}/${clip.length}`,
      };
      response.writeHead(range === undefined ? 200 : 206, { ...head, ...place });
      if (range === undefined) response.write(rest.subarray(0, 40_000), () => response.destroy());
      else response.end(rest);
    });
    expect(outcome).toMatchObject({ kind: 'interrupted' });
    expect(await again()).toEqual(downloaded(clip));
  });

  it('goes on where it was, and the clip is the whole of it', async () => {
    const clip = randomBytes(3_000_000);
    const { server, download, target, folder } = await scene(clip);
    server.failNext('cut', { on: 'content' });
    expect(await download()).toEqual({ kind: 'interrupted', message: 'the connection was closed early' });
    const half = (await readFile(target)).length;
    expect(half).toBe(1_500_000);
    expect(await download()).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers).toMatchObject({
      range: `bytes=${half}-`,
      'if-range': expect.any(String) as unknown,
    });
    expect((await readFile(target)).equals(clip)).toBe(true);
    expect(await readdir(folder)).toEqual(['job-1-0.part']);
  });

  it('goes on at another address of the same clip', async () => {
    const clip = randomBytes(300_000);
    const { server, download, gateway, job } = await scene(clip);
    server.failNext('cut', { on: 'content' });
    await download();
    const url = `${gateway.contentUrl(job, 0).url}&sig=fresh`;
    expect(await download({ source: { url, withKey: true } })).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers.range).toBe('bytes=150000-');
  });

  it('starts over where the server cannot vouch for what came', async () => {
    const clip = randomBytes(300_000);
    const { server, download, folder } = await scene(clip, false);
    server.failNext('cut', { on: 'content' });
    expect(await download()).toMatchObject({ kind: 'interrupted' });
    expect(await readdir(folder)).toEqual([]);
    expect(await download()).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers.range).toBeUndefined();
  });

  it('starts over where the clip has changed meanwhile', async () => {
    const { server, download, job, target } = await scene(randomBytes(300_000));
    server.failNext('cut', { on: 'content' });
    await download();
    const other = randomBytes(400_000);
    job.complete(other);
    expect(await download()).toEqual(downloaded(other));
    expect((await readFile(target)).equals(other)).toBe(true);
  });

  it('starts over where what lies there is of another job', async () => {
    const { server, download } = await scene(randomBytes(300_000));
    server.failNext('cut', { on: 'content' });
    await download();
    await download({ identity: 'another/0' });
    expect(server.requests.at(-1)?.headers.range).toBeUndefined();
  });

  it.each([
    ['torn', '{"identity":"job-1/0","valid'],
    ['not an object', '[]'],
    ['of an older make', '{"identity":"job-1/0"}'],
    [
      'without a word of how much is on the disk',
      '{"identity":"job-1/0","validator":"\\"a\\"","total":1000}',
    ],
    ['about less than there is', '{"identity":"job-1/0","validator":"\\"a\\"","total":3,"bytes":2}'],
    ['about more than there is', '{"identity":"job-1/0","validator":"\\"a\\"","total":1000,"bytes":900}'],
  ])('starts over where its note is %s', async (_, note) => {
    const clip = randomBytes(1000);
    const { server, download, target } = await scene(clip);
    await writeFile(target, 'the beginning');
    await writeFile(`${target}.json`, note);
    expect(await download()).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers.range).toBeUndefined();
  });

  it('starts over where its note has outlived it', async () => {
    const clip = randomBytes(1000);
    const { download, target } = await scene(clip);
    await writeFile(`${target}.json`, '{"identity":"job-1/0","validator":"\\"a\\""}');
    expect(await download()).toEqual(downloaded(clip));
    expect(existsSync(`${target}.json`)).toBe(false);
  });

  it.each([
    ['416', 416, {}],
    ['another range', 206, { 'content-range': 'bytes 0-9/10' }],
    ['a range of another length', 206, { 'content-range': 'bytes 4-99/100' }],
    ['a range of something else', 206, { 'content-range': 'bytes 4-9/10', etag: '"b"' }],
    ['a range that cannot be read', 206, { 'content-range': 'four to nine' }],
    ['no range at all', 206, {}],
  ])('starts over when the server answers with %s', async (_, status, headers) => {
    const clip = Buffer.from('0123456789');
    const asked: (string | undefined)[] = [];
    const { origin } = await httpServer((request, response) => {
      asked.push(request.headers.range);
      if (request.headers.range !== undefined)
        response.writeHead(status, headers as Record<string, string>).end('xxxxxx');
      else response.end(clip);
    });
    const { download, target } = await scene();
    await writeFile(target, '0123');
    await writeFile(
      `${target}.json`,
      JSON.stringify({ identity: 'job-1/0', validator: '"a"', total: 10, bytes: 4 }),
    );
    expect(await download({ source: { url: origin, withKey: false } })).toEqual(downloaded(clip));
    expect(asked).toEqual(['bytes=4-', undefined]);
    expect((await readFile(target)).equals(clip)).toBe(true);
  });

  it('has nothing to ask for when all of it had come', async () => {
    const clip = Buffer.from('0123456789');
    const { server, download, target } = await scene(clip);
    await writeFile(target, clip);
    await writeFile(
      `${target}.json`,
      JSON.stringify({ identity: 'job-1/0', validator: '"a"', total: 10, bytes: 10 }),
    );
    expect(await download()).toEqual(downloaded(clip));
    expect(server.counters.downloads).toBe(0);
  });

  it('builds only on what was on the disk for good: behind it a power cut may have left anything', async () => {
    const clip = randomBytes(300_000);
    const { server, download, target } = await scene(clip);
    server.failNext('cut', { on: 'content' });
    await download();
    const note = JSON.parse(await readFile(`${target}.json`, 'utf8')) as object;
    await writeFile(`${target}.json`, JSON.stringify({ ...note, bytes: 100_000 }));
    await writeFile(target, Buffer.concat([clip.subarray(0, 100_000), Buffer.alloc(50_000)]));
    expect(await download()).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers.range).toBe('bytes=100000-');
    expect((await readFile(target)).equals(clip)).toBe(true);
  });

  it('keeps what came when the run is stopped', async () => {
    const clip = randomBytes(300_000);
    const { server, download } = await scene(clip);
    server.failNext('stall', { on: 'content' });
    const stop = new AbortController();
    const reason = new Error('interrupted');
    const stopped = download({
      signal: stop.signal,
      onProgress: (bytes) => {
        if (bytes === 150_000) stop.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect(await download()).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers.range).toBe('bytes=150000-');
  });

  it('leaves a note while it grows, so that a kill does not cost what came', async () => {
    const clip = randomBytes(12_000_000);
    const { server, download, target } = await scene(clip);
    server.failNext('stall', { on: 'content' });
    const stop = new AbortController();
    let noteAtKill = '';
    const stopped = download({
      signal: stop.signal,
      onProgress: (bytes) => {
        if (bytes < 6_000_000) return;
        const look = setInterval(() => {
          if (!existsSync(`${target}.json`)) return;
          clearInterval(look);
          void readFile(`${target}.json`, 'utf8').then((note) => {
            noteAtKill = note;
            stop.abort();
          });
        }, 1);
      },
    });
    await expect(stopped).rejects.toThrow();
    expect(JSON.parse(noteAtKill)).toMatchObject({ identity: 'job-1/0', total: 12_000_000 });
  });

  it('is ended when nothing comes any more', async () => {
    const { server, download } = await scene();
    server.failNext('stall', { on: 'content' });
    expect(await download({ idleTimeoutMs: 50 })).toEqual({
      kind: 'interrupted',
      message: 'nothing came for 0.05 s',
    });
  });

  it('is ended when no answer comes at all', async () => {
    const { server, download } = await scene();
    server.failNext('hang', { on: 'content' });
    expect(await download({ idleTimeoutMs: 50 })).toMatchObject({ kind: 'interrupted' });
  });

  it.each<Fault>([500, 502, 503, 504, 408, 425, 429])('may be tried again after %j', async (fault) => {
    const { server, download, folder } = await scene();
    server.failNext(fault, { on: 'content' });
    expect(await download()).toMatchObject({ kind: 'interrupted' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('says how long to wait, where the server does', async () => {
    const { server, download } = await scene();
    const headers = { date: new Date(NOW).toUTCString(), 'retry-after': new Date(NOW + 4000).toUTCString() };
    server.failNext({ status: 503, headers }, { on: 'content' });
    expect(await download()).toMatchObject({ kind: 'interrupted', retryAfterMs: 4000 });
  });

  it('may be tried again where nobody listens', async () => {
    const { download } = await scene();
    const url = `http://127.0.0.1:${await closedPort()}/clip`;
    expect(await download({ source: { url, withKey: false } })).toEqual({
      kind: 'interrupted',
      message: 'connection refused',
    });
  });
});

describe('what is not a clip', () => {
  it.each([
    ['a page', 'text/html', '<html><title>Sign in</title>', 'an HTML page, "Sign in"'],
    [
      'an error',
      'application/json; charset=utf-8',
      '{"error":{"message":"still rendering"}}',
      'still rendering',
    ],
    ['a short word', 'text/plain', 'wait', 'wait'],
    [
      'a document',
      'application/xml',
      '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
      'AccessDenied: Request has expired',
    ],
    ['a large page', 'text/html', `<html>${'x'.repeat(3_000_000)}`, 'an HTML page'],
  ])('under a 200 is left alone: %s', async (_, type, body, words) => {
    const { outcome, files } = await downloadFrom((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    expect(outcome).toMatchObject({ kind: 'not_media', message: expect.stringContaining(words) as unknown });
    expect(files).toEqual([]);
  });

  it('does not give away what signs its address', async () => {
    const { outcome } = await downloadFrom((_, response) => {
      response
        .writeHead(403)
        .end(
          '<Error><Code>SignatureDoesNotMatch</Code><Message>Wrong</Message><AWSAccessKeyId>AKIA7</AWSAccessKeyId></Error>',
        );
    });
    expect(outcome).toEqual({ kind: 'url_refused', message: '403: SignatureDoesNotMatch: Wrong' });
  });

  it('under a 200 is nothing at all', async () => {
    const { outcome, files } = await downloadFrom((_, response) => response.writeHead(200).end());
    expect(outcome).toEqual({ kind: 'not_media', message: 'the server sent nothing' });
    expect(files).toEqual([]);
  });

  it.each([404, 410])('is gone with %i', async (status) => {
    const { outcome } = await downloadFrom((_, response) => response.writeHead(status).end('no such clip'));
    expect(outcome).toEqual({ kind: 'gone', message: `${status}: no such clip` });
  });

  it.each([400, 401, 403, 405, 451])(
    'is refused by its address with %i, where the key was not sent',
    async (status) => {
      const { outcome } = await downloadFrom((_, response) =>
        response.writeHead(status).end('signature expired'),
      );
      expect(outcome).toEqual({ kind: 'url_refused', message: `${status}: signature expired` });
    },
  );

  it.each([401, 403])('is about the key with %i, where it was sent', async (status) => {
    const { server, download } = await scene();
    server.failNext(status, { on: 'content' });
    expect(await download()).toMatchObject({ kind: 'key_refused', status });
  });

  it('is another range than none was asked for', async () => {
    const { outcome } = await downloadFrom((_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 5-9/10' }).end('56789');
    });
    expect(outcome).toMatchObject({ kind: 'url_refused' });
  });
});

describe('the key on a download', () => {
  /** A storage that writes down what it is sent. */
  async function storage(clip: Buffer): Promise<{ origin: string; seen: IncomingMessage['headers'][] }> {
    const seen: IncomingMessage['headers'][] = [];
    const { origin } = await httpServer((request, response) => {
      seen.push(request.headers);
      response.end(clip);
    });
    return { origin, seen };
  }

  it('goes to the gateway, and stays behind where that redirects', async () => {
    const clip = randomBytes(1000);
    const { origin, seen } = await storage(clip);
    const { server, download } = await scene();
    server.failNext({ status: 302, headers: { location: `${origin}/signed.mp4` } }, { on: 'content' });
    expect(await download()).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(seen.map((headers) => headers.authorization)).toEqual([undefined]);
  });

  it('stays behind for good, even where a stranger redirects back', async () => {
    const { server, download } = await scene();
    const { origin } = await httpServer((_, response) => {
      response.writeHead(307, { location: `${server.baseUrl}/videos/job-1/content` }).end();
    });
    server.failNext({ status: 302, headers: { location: origin } }, { on: 'content' });
    expect(await download()).toMatchObject({
      kind: 'url_refused',
      message: '401: Missing Authentication header',
    });
  });

  it('goes along where the gateway redirects within itself', async () => {
    const clip = randomBytes(1000);
    const { server, download } = await scene(clip);
    server.failNext(
      { status: 308, headers: { location: '/api/v1/videos/job-1/content?index=0' } },
      { on: 'content' },
    );
    expect(await download()).toEqual(downloaded(clip));
  });

  it('is not sent where the address is not the gateway’s, whatever the order says', async () => {
    const clip = randomBytes(1000);
    const { origin, seen } = await storage(clip);
    const { download } = await scene();
    await download({ source: { url: origin, withKey: true } });
    expect(seen.map((headers) => headers.authorization)).toEqual([undefined]);
  });

  it.each([
    ['in a circle', '/clip'],
    ['to a file', 'file:///etc/passwd'],
    ['nowhere', ''],
  ])('a redirect %s is the end of it', async (_, location) => {
    let requests = 0;
    const { outcome } = await downloadFrom((_request, response) => {
      requests += 1;
      response.writeHead(302, location === '' ? {} : { location }).end();
    });
    expect(outcome).toMatchObject({ kind: 'url_refused' });
    expect(requests).toBeLessThanOrEqual(6);
  });
});

describe('a disk that refuses a clip', () => {
  it('ends the download with what the disk says', async () => {
    const { download, folder } = await scene();
    await expect(download({ target: join(folder, 'gone', 'clip.part') })).rejects.toMatchObject({
      code: 'disk',
      exitCode: 3,
      message: expect.stringContaining('its folder is gone') as unknown,
      hint: expect.stringMatching(/put the folder back.*stays on the gateway/) as unknown,
    });
  });

  it('ends a large one as soon as it does', async () => {
    const { download, folder, server } = await scene(randomBytes(20_000_000));
    await expect(download({ target: join(folder, 'gone', 'clip.part') })).rejects.toMatchObject({
      code: 'disk',
    });
    expect(server.counters.downloads).toBe(1);
  });

  it.runIf(CAN_MOUNT)('says so when it is full', async () => {
    const { download } = await scene();
    await expect(download({ target: join(await smallDisk(), 'clip') })).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('the disk is full') as unknown,
    });
  });
});

describe('the file of a clip', () => {
  it.each(['a clip', 'part', 'job-1-0.4711.part', '.mp4.json', 'ä'])(
    'may be called anything: %s',
    async (name) => {
      const clip = randomBytes(300_000);
      const { server, download, folder } = await scene(clip);
      const target = join(folder, name);
      server.failNext('cut', { on: 'content' });
      await download({ target });
      expect((await readdir(folder)).toSorted()).toEqual([name, `${name}.json`]);
      expect(await download({ target })).toEqual(downloaded(clip));
      expect(server.requests.at(-1)?.headers.range).toBe('bytes=150000-');
      expect(await readdir(folder)).toEqual([name]);
    },
  );

  it('is on the disk for good before anything is said of it', async () => {
    const { download } = await scene();
    const asked = fs.fdatasync;
    const done: string[] = [];
    fs.fdatasync = ((file, callback) => {
      asked(file, (error) => {
        done.push('fsync');
        callback(error);
      });
    }) as typeof fs.fdatasync;
    syncBuiltinESMExports();
    onTestFinished(() => {
      fs.fdatasync = asked;
      syncBuiltinESMExports();
    });
    done.push((await download()).kind);
    expect(done).toEqual(['fsync', 'downloaded']);
  });

  it.each([
    ['link', (target: string, other: string) => symlink(other, target), 'a link is in the way'],
    ['folder', (target: string) => mkdir(target), 'a folder of that name is in the way'],
    ['socket', (target: string) => listenAt(target), 'a file of that name is in the way'],
  ])('is not a %s: that is refused, and stays as it is', async (_, put, why) => {
    const { download, folder, target, server } = await scene();
    const other = join(folder, 'other');
    await writeFile(other, 'of somebody else');
    await put(target, other);
    const refusal = { code: 'disk', message: expect.stringContaining(why) as unknown };
    await expect(download()).rejects.toMatchObject(refusal);
    // Nor is it where a note says that it can be continued.
    await writeFile(
      `${target}.json`,
      '{"identity":"job-1/0","validator":"\\"a\\"","total":300000,"bytes":5}',
    );
    await expect(download()).rejects.toMatchObject({ code: 'disk' });
    expect(await readFile(other, 'utf8')).toBe('of somebody else');
    expect((await lstat(target)).isFile()).toBe(false);
    expect(server.counters.downloads).toBe(1);
  });

  it('leaves a clip alone that bears its name as a second one', async () => {
    const clip = randomBytes(1000);
    const { download, folder, target } = await scene(clip);
    const other = join(folder, 'other.mp4');
    await writeFile(other, 'another clip');
    await link(other, target);
    expect(await download()).toEqual(downloaded(clip));
    expect(await readFile(other, 'utf8')).toBe('another clip');
  });

  it.each(['', '.tmp'])('has a note that is never written through a link: .json%s', async (ending) => {
    const clip = randomBytes(300_000);
    const { server, download, folder, target } = await scene(clip);
    const other = join(folder, 'other');
    await writeFile(other, 'of somebody else');
    await symlink(other, `${target}.json${ending}`);
    server.failNext('cut', { on: 'content' });
    await download();
    expect((await lstat(`${target}.json`)).isFile()).toBe(true);
    expect(await download()).toEqual(downloaded(clip));
    expect(server.requests.at(-1)?.headers.range).toBe('bytes=150000-');
    expect(await readFile(other, 'utf8')).toBe('of somebody else');
  });
});

/** A disk of 64 KiB. */
async function smallDisk(): Promise<string> {
  const disk = await mkdtemp(join(tmpdir(), 'dailies-small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'pipe' });
  onTestFinished(() => {
    execFileSync('umount', [disk]);
  });
  return disk;
}

/** Lets a socket bear a name. */
async function listenAt(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}
