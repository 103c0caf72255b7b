import { statSync, truncateSync } from 'node:fs';
import fc from 'fast-check';
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import type { NotWhole } from '../../src/media/containers/clip-track.js';
import { inspectClip } from '../../src/media/container.js';
import { verifyClip } from '../../src/media/verify.js';
import { makeClip } from '../helpers/clips.js';
import { fixture, fixturePath, FIXTURES, useFolder } from './samples.js';

const folder = useFolder();

async function reasonFor(name: string, bytes: Uint8Array | string): Promise<string> {
  const checked = inspectClip(await folder.write(name, bytes));
  return checked.ok ? 'whole' : checked.reason;
}

describe('what is not a clip', () => {
  it.each([
    ['', 'an empty file, not a clip'],
    ['<!DOCTYPE html>\n<html><body>Sign in</body></html>', 'an HTML page, not a clip'],
    ['  <html lang="en"></html>', 'an HTML page, not a clip'],
    ['<?xml version="1.0"?><!DOCTYPE html><html xmlns="…"/>', 'an HTML page, not a clip'],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'an XML document, not a clip'],
    ['{"error":{"code":404,"message":"gone"}}', 'a JSON document, not a clip'],
    ['upstream connect error', 'plain text, not a clip'],
    ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'an image (image/png), not a clip'],
    ['ID3\x04\0\0\0\0\0\0', 'a sound (audio/mpeg), not a clip'],
    ['\x1f\x8b\x08\0', 'no media file that we know (it begins with the bytes 1f 8b 08 00), not a clip'],
    ['\0\0\0\0\0\0\0\0\0', 'no media file that we know (it begins with the bytes 00 00 00 00), not a clip'],
  ])('says of %j what it is', async (text, reason) => {
    expect(await reasonFor('not-a-clip', Buffer.from(text, 'latin1'))).toBe(reason);
  });

  it('says that a file is missing, or a folder', () => {
    expect(inspectClip(folder.path('nowhere.mp4'))).toMatchObject({ ok: false });
    const checked = inspectClip(folder.path('.')) as NotWhole;
    expect(checked.reason).toContain('not a regular file');
  });
});

describe('what is whole', () => {
  it.each(FIXTURES)('%s', (name) => {
    const container = name.endsWith('.webm') ? 'webm' : 'mp4';
    expect(inspectClip(fixturePath(name))).toMatchObject({ ok: true, container });
  });

  it.each(['end', 'start', 'fragments'] as const)('a clip with its index at the %s', async (layout) => {
    const path = await folder.write('whole.mp4', await makeClip({ layout, audio: true, seconds: 2 }));
    expect(inspectClip(path)).toMatchObject({ ok: true, container: 'mp4' });
  });

  it('a clip whose mdat gives its size in 64 bits, or runs to the end of the file', async () => {
    const clip = await makeClip({ layout: 'end' });
    const { start, size } = boxAt(clip, 'mdat');
    const last = boxAt(clip, 'moov');
    // The index goes in front, so that the mdat can be the last box; its chunk offsets move by its length.
    const moov = Buffer.from(clip.subarray(last.start, last.start + last.size));
    const head = Buffer.concat([clip.subarray(0, start), moov]);
    for (const wide of [false, true]) {
      const header = Buffer.alloc(wide ? 16 : 8);
      header.write('mdat', 4);
      if (wide) {
        header.writeUInt32BE(1);
        header.writeBigUInt64BE(BigInt(size + 8), 8);
      }
      const moved = Buffer.from(head);
      shiftChunks(moved, last.size + header.length - 8);
      const body = clip.subarray(start + 8, start + size);
      expect(await reasonFor('sized.mp4', Buffer.concat([moved, header, body]))).toBe('whole');
      expect(await reasonFor('sized.mp4', Buffer.concat([moved, header, body.subarray(0, -1)]))).toContain(
        'cut short',
      );
    }
  });

  it('a clip with bytes of another kind after its end', async () => {
    const clip = await makeClip({ layout: 'start' });
    expect(await reasonFor('tail.mp4', Buffer.concat([clip, Buffer.alloc(512)]))).toBe('whole');
    expect(await reasonFor('tail.mp4', Buffer.concat([clip, Buffer.from('\r\n')]))).toBe('whole');
    expect(await reasonFor('tail.webm', Buffer.concat([fixture('vp9.webm'), Buffer.alloc(512)]))).toBe(
      'whole',
    );
  });
});

describe('a clip that was cut', () => {
  const layouts = {
    'with its index at the end': () => makeClip({ layout: 'end' }),
    'with its index at the start': () => makeClip({ layout: 'start', audio: true }),
    'with B-frames': () => Promise.resolve(fixture('bframes.mp4')),
    'as WebM': () => Promise.resolve(fixture('vp9.webm')),
  };
  it.each(Object.entries(layouts))('%s is noticed wherever it lacks a picture', async (_, make) => {
    const path = await folder.write('cut', await make());
    const whole = await packets(path);
    const { size } = statSync(path);
    let harmless = 0;
    for (let cut = size - 1; cut >= 0; cut -= 1) {
      truncateSync(path, cut);
      if (!inspectClip(path).ok) continue;
      expect(await packets(path)).toEqual(whole);
      harmless += 1;
    }
    // At most the head of an empty box may go.
    expect(harmless).toBeLessThanOrEqual(8);
  });

  it('in fragments is noticed wherever it is not a shorter whole clip', async () => {
    const path = await folder.write('cut', fixture('fragmented.mp4'));
    const whole = await packets(path);
    const lengths = new Set<number>();
    for (let cut = statSync(path).size - 1; cut >= 0; cut -= 1) {
      truncateSync(path, cut);
      const verified = verifyClip({ path, wanted: {} });
      if (!verified.ok) continue;
      const rest = await packets(path);
      expect(rest).toEqual(whole.slice(0, rest.length));
      expect(verified.media.duration_s).toBeCloseTo(rest.length * 0.04, 3);
      lengths.add(rest.length);
    }
    expect([...lengths]).toEqual([25, 24, 12]);
  });

  it('as WebM of open sizes is noticed wherever it is not a shorter whole clip', async () => {
    const path = await folder.write('cut', withOpenClusters(fixture('live.webm')));
    const durations = new Set<number>();
    for (let cut = statSync(path).size - 1; cut >= 0; cut -= 1) {
      truncateSync(path, cut);
      const verified = verifyClip({ path, wanted: {} });
      if (verified.ok) durations.add(verified.media.duration_s);
    }
    // Each block that is gone takes its four hundredths with it.
    expect([...durations]).toEqual(Array.from({ length: 24 }, (_, left) => (96 - left * 4) / 100));
  });

  it('is noticed where the index points past the end', async () => {
    const clip = await makeClip({ layout: 'start' });
    shiftChunks(clip, 1);
    expect(await reasonFor('shifted.mp4', clip)).toMatch(
      /^cut short: its index lists pictures up to byte \d+/,
    );
  });

  it('is noticed where the index was lost', async () => {
    const clip = await makeClip({ layout: 'end' });
    const { start } = boxAt(clip, 'moov');
    expect(await reasonFor('headless.mp4', clip.subarray(0, start))).toBe(
      'cut short or damaged: it has no index (moov box)',
    );
  });

  it('is noticed in a fragmented clip with part of the next fragment', async () => {
    const clip = fixture('fragmented.mp4');
    const last = clip.lastIndexOf('moof') - 4;
    expect(await reasonFor('part.mp4', clip.subarray(0, last + 5))).toContain('cut short');
    const { size } = boxAt(clip.subarray(last), 'moof');
    expect(await reasonFor('part.mp4', clip.subarray(0, last + size))).toBe(
      'cut short: its last fragment lacks its pictures (mdat box)',
    );
  });
});

describe('damage', () => {
  it('in the shape of a box of 2^60 bytes is a short answer', async () => {
    const clip = await makeClip({ layout: 'start' });
    const { start } = boxAt(clip, 'moov');
    const huge = Buffer.concat([
      clip.subarray(0, start),
      Buffer.from('\0\0\0\x01moov\x10\0\0\0\0\0\0\0', 'latin1'),
    ]);
    expect(await reasonFor('huge.mp4', huge)).toMatch(
      /^cut short: its moov box reaches to byte 1152921504606847/,
    );
  });

  it.each(['stts', 'stsz', 'stsc', 'stco'])(
    'in the shape of a table (%s) of four billion entries is a short answer',
    async (table) => {
      const rotten = await makeClip({ layout: 'start' });
      rotten.writeUInt32BE(0xffff_ffff, rotten.indexOf(table) + (table === 'stsz' ? 12 : 8));
      const verified = verifyClip({ path: await folder.write('rotten.mp4', rotten), wanted: {} });
      // The samples can be found without the end of the other tables.
      if (table === 'stts' || table === 'stsc') expect(verified.ok).toBe(false);
      else expect(verified).toMatchObject({ ok: true, media: { fps: 24, duration_s: 1 } });
    },
  );

  it('in the shape of an endless WebM element is a short answer', async () => {
    const clip = fixture('vp9.webm');
    // The first mention of the id is in the list of places.
    const tracks = clip.lastIndexOf(Buffer.from('1654ae6b', 'hex'));
    const rotten = Buffer.from(clip);
    rotten.fill(0xff, tracks + 4, tracks + 12);
    rotten[tracks + 4] = 0x01;
    expect(await reasonFor('endless.webm', rotten)).toContain('there is no WebM element');
    rotten[tracks + 5] = 0x7f;
    expect(await reasonFor('endless.webm', rotten)).toContain('cut short: it goes on to byte');
  });

  it('of any kind gets an answer', async () => {
    const path = folder.path('any');
    const clips = FIXTURES.map(fixture);
    const damage = fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) }),
      {
        minLength: 1,
        maxLength: 8,
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...clips), damage, async (clip, flips) => {
        const rotten = Buffer.from(clip);
        for (const { at, byte } of flips) rotten[Math.floor(at * (rotten.length - 1))] = byte;
        await folder.write('any', rotten);
        const verified = verifyClip({ path, wanted: { durationS: 1, audio: true } });
        if (verified.ok) expect(Object.values(verified.media).every((value) => value !== null)).toBe(true);
        else expect(verified.reason).not.toBe('');
      }),
      { numRuns: 200 },
    );
  });

  it('that makes the file any bytes at all gets an answer', async () => {
    const starts = ['', '\0\0\0\x18ftypisom', '\0\0\0\x08moov', '\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...starts),
        fc.uint8Array({ maxLength: 300 }),
        async (start, bytes) => {
          const path = await folder.write('random', Buffer.concat([Buffer.from(start, 'latin1'), bytes]));
          expect(verifyClip({ path, wanted: {} }).ok).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** The place and the size of the first box of that type, by its name. */
function boxAt(clip: Buffer, type: string): { start: number; size: number } {
  const start = clip.indexOf(type) - 4;
  return { start, size: clip.readUInt32BE(start) };
}

/** Moves all that the chunk offset tables (stco) point at. */
function shiftChunks(clip: Buffer, bytes: number): void {
  for (let at = clip.indexOf('stco'); at >= 0; at = clip.indexOf('stco', at + 4)) {
    const chunks = clip.readUInt32BE(at + 8);
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const entry = at + 12 + chunk * 4;
      clip.writeUInt32BE(clip.readUInt32BE(entry) + bytes, entry);
    }
  }
}

/** A live writer's clusters: their size is given as unknown (all ones, in as many bytes). */
function withOpenClusters(clip: Buffer): Buffer {
  const id = Buffer.from('1f43b675', 'hex');
  for (let at = clip.indexOf(id); at >= 0; at = clip.indexOf(id, at + 4)) {
    const bytes = Math.clz32(clip[at + 4] ?? 0) - 23;
    clip.fill(0xff, at + 4, at + 4 + bytes);
    clip[at + 4] = 0xff >> (bytes - 1);
  }
  return clip;
}

/** The pictures of a clip as another reader finds them. */
async function packets(path: string): Promise<string[]> {
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const track = await input.getPrimaryVideoTrack();
  const found: string[] = [];
  if (track !== null) {
    for await (const packet of new EncodedPacketSink(track).packets()) {
      found.push(Buffer.from(packet.data).toString('base64'));
    }
  }
  input.dispose();
  return found;
}
