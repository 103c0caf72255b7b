import { createHash } from 'node:crypto';
import type { Pixels } from '../../media/decode-image.js';
import { mix, oklch, type Rgb } from './colour.js';
import { faceOf, shorten, wrap } from './lettering.js';
import { paintRows, shadeBox } from './picture.js';

/** A made-up landscape that is the same for the same name, and says the name in a corner. */
export function drawStill(name: string, size: { readonly width: number; readonly height: number }): Pixels {
  const { width, height } = size;
  const random = randomOf(name);
  // Blue to violet above, rose to straw at the horizon: the skies that look like weather.
  const hue = 210 + 120 * random();
  const sky = { high: oklch(0.36 + 0.22 * random(), 0.09, hue), low: oklch(0.86, 0.075, 10 + 80 * random()) };
  const ground = oklch(0.2, 0.05, hue + 20);
  const horizon = height * (0.62 + 0.1 * random());

  const picture = paintRows(width, height, (row) =>
    mix(sky.high, sky.low, Math.min(1, row / horizon) ** 1.4),
  );
  drawSun(picture, {
    x: width * (0.2 + 0.6 * random()),
    y: horizon * (0.45 + 0.4 * random()),
    radius: height * 0.07,
  });
  for (let ridge = 0; ridge < RIDGES; ridge++) {
    const nearness = (ridge + 1) / RIDGES;
    const base = horizon + (height - horizon) * (ridge / RIDGES) * 0.9;
    const colour = mix(sky.low, ground, 0.25 + 0.7 * nearness);
    drawRidge(picture, { base, roughness: height * (0.13 - 0.06 * nearness), colour, random });
  }
  drawName(picture, name);
  return picture;
}

const RIDGES = 4;

function drawSun(
  picture: Pixels,
  sun: { readonly x: number; readonly y: number; readonly radius: number },
): void {
  const reach = sun.radius * 5;
  const box = { left: sun.x - reach, top: sun.y - reach, width: 2 * reach, height: 2 * reach };
  const distance = (x: number, y: number) => Math.hypot(x - sun.x, y - sun.y);
  const glow = (x: number, y: number) => 0.45 * Math.max(0, 1 - distance(x, y) / reach) ** 2;
  shadeBox(picture, box, SUNLIGHT, glow);
  shadeBox(picture, box, SUNLIGHT, (x, y) => sun.radius + 0.5 - distance(x, y));
}

const SUNLIGHT: Rgb = [255, 246, 222];

interface Ridge {
  /** Where it runs, in pixels from the top, and how far it strays from there. */
  readonly base: number;
  readonly roughness: number;
  readonly colour: Rgb;
  readonly random: () => number;
}

function drawRidge(picture: Pixels, { base, roughness, colour, random }: Ridge): void {
  const waves = [1.3, 2.9, 6.1, 13.7].map((cycles) => ({ cycles, phase: random() * 2 * Math.PI }));
  const tops = Array.from({ length: picture.width }, (_, column) => {
    const turn = (column / picture.width) * 2 * Math.PI;
    const sway = waves.reduce((sum, { cycles, phase }) => sum + Math.sin(cycles * turn + phase) / cycles, 0);
    return base - roughness * sway;
  });
  const box = { left: 0, top: 0, width: picture.width, height: picture.height };
  shadeBox(picture, box, colour, (x, y) => y + 0.5 - (tops[Math.floor(x)] ?? 0));
}

/** A name has one; an address may take several. */
const MOST_LINES = 3;

function drawName(picture: Pixels, name: string): void {
  const unit = Math.min(picture.width, picture.height) / 100;
  const face = faceOf(3 * unit, 0.14);
  const width = picture.width - 12 * unit;
  const lines = wrap(face, name, width);
  const shown = lines.slice(0, MOST_LINES);
  if (lines.length > MOST_LINES) shown.push(shorten(face, `${shown.pop() ?? ''} …`, width));
  shown.forEach((text, index) => {
    const top = picture.height - (9 + 6 * (shown.length - 1 - index)) * unit;
    face.draw(picture, { text, left: 6 * unit, top }, [255, 255, 255]);
  });
}

/** Numbers from 0 to 1 that only look random: the same for the same name (xorshift32). */
function randomOf(name: string): () => number {
  let state = createHash('sha256').update(name).digest().readUInt32LE(0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
