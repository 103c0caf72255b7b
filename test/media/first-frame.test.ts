import { readFileSync } from 'node:fs';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { opensOn } from '../../src/media/first-frame.js';
import { findFrameTool } from '../../src/media/frame-tool.js';
import { makeClip } from '../helpers/clips.js';
import { cloudy, plain } from './pictures.js';
import { useFolder } from './samples.js';

const folder = useFolder();
const tool = await findFrameTool(process.env);
const ffmpeg = tool?.ffmpeg;

function rgbaOf(seed: number): { width: number; height: number; data: Buffer } {
  const { width, height, rgb } = cloudy(seed, 240, 180);
  const data = Buffer.alloc(width * height * 4, 255);
  for (let at = 0; at < width * height; at += 1) data.set(rgb.subarray(at * 3, at * 3 + 3), at * 4);
  return { width, height, data };
}

async function pngOf(seed: number): Promise<string> {
  const { width, height, data } = rgbaOf(seed);
  const image = new PNG({ width, height });
  image.data = data;
  return folder.write(`image-${seed}.png`, PNG.sync.write(image));
}

/** A clip that opens on the image after some filters, compressed as clips are. */
async function clipOf(image: string, filters: string): Promise<string> {
  const clip = folder.path('opening.mp4');
  const encoding = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    '30',
    '-pix_fmt',
    'yuv420p',
    '-y',
    clip,
  ];
  await ffmpeg?.({ args: ['-i', image, '-vf', filters, ...encoding], purpose: 'make a clip' });
  return clip;
}

const COVER = 'scale=480:270:force_original_aspect_ratio=increase,crop=480:270';

describe.skipIf(tool === undefined || ffmpeg === undefined)(
  'opensOn (skipped where no ffmpeg is on the PATH)',
  () => {
    if (tool === undefined) return;

    it.each([
      ['cropped closer and off the middle', `${COVER},crop=iw*0.94:ih*0.94:0:0`],
      [
        'fitted with bars, and made paler',
        'scale=480:270:force_original_aspect_ratio=decrease,pad=480:270:-1:-1,eq=contrast=0.85',
      ],
    ])('recognises an image that was %s', async (_, filters) => {
      const image = await pngOf(1);
      const opening = await opensOn({ clip: await clipOf(image, filters), image, tool });
      expect(opening).toMatchObject({ similar: true });
    });

    it('recognises a JPEG, and tells other pictures apart', async () => {
      const clip = await clipOf(await pngOf(2), COVER);
      const same = await folder.write('image.jpg', jpeg.encode(rgbaOf(2), 60).data);
      expect(await opensOn({ clip, image: same, tool })).toMatchObject({ similar: true });
      expect(await opensOn({ clip, image: await pngOf(3), tool })).toMatchObject({ similar: false });
    });

    it('tells a plain clip from a picture', async () => {
      const clip = await folder.write('blue.mp4', await makeClip({ color: [40, 90, 160] }));
      expect(await opensOn({ clip, image: await pngOf(1), tool })).toMatchObject({ similar: false });
      const { width, height, rgb } = plain([42, 88, 163]);
      const image = new PNG({ width, height });
      for (let at = 0; at < width * height; at += 1)
        image.data.set([...rgb.subarray(at * 3, at * 3 + 3), 255], at * 4);
      const blue = await folder.write('blue.png', PNG.sync.write(image));
      expect(await opensOn({ clip, image: blue, tool })).toMatchObject({ similar: true });
    });

    it('does not judge an image that it cannot read', async () => {
      const clip = await folder.write('blue.mp4', await makeClip());
      const image = await folder.write('half.png', readFileSync(await pngOf(1)).subarray(0, 80));
      expect(await opensOn({ clip, image, tool })).toBeUndefined();
    });
  },
);
