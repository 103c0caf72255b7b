import type { Pixels } from '../../media/decode-image.js';
import { mix, oklch } from './colour.js';
import { faceOf, shorten, wrap, type Face } from './lettering.js';
import { copyOf, coverWith, fillBox, paintRows, paste, shadeBox } from './picture.js';

/** What a slate says; all texts are in the order's own words. */
export interface Slate {
  readonly model: string;
  readonly prompt: string;
  readonly job: string;
  /** Degrees: the slate's own colour. */
  readonly hue: number;
  /** The settings, each under its name: `LENGTH`, `4 s`. */
  readonly fields: readonly { readonly label: string; readonly value: string }[];
  /** The images that came with the order; without a picture where it is in a format that is not decoded here. */
  readonly images: readonly { readonly label: string; readonly picture?: Pixels | undefined }[];
}

/** The slate as a picture of this size, laid out to fit whatever its shape. */
export function drawSlate(size: { readonly width: number; readonly height: number }, slate: Slate): Pixels {
  const { width, height } = size;
  // All measures depend on the shorter side, so that slates of one resolution look alike in any shape.
  const unit = Math.min(width, height) / 100;
  const margin = 7 * unit;
  const palette = paletteOf(slate.hue);
  const picture = paintRows(width, height, (row) => mix(palette.top, palette.bottom, row / height));
  const column = { slate, left: margin, width: width - 2 * margin, unit, palette };

  drawStripes(picture, 8 * unit, palette);
  const fieldsTop = drawFields(picture, { ...column, bottom: height - margin });
  const imagesTop = drawImages(picture, { ...column, bottom: fieldsTop - 4 * unit });
  drawPrompt(picture, { ...column, top: 16 * unit, bottom: imagesTop - 5 * unit });
  return picture;
}

/** The slate with a line along its lower edge that has come this part (0 to 1) of the way. */
export function withProgress(slate: Pixels, hue: number, part: number): Pixels {
  const picture = copyOf(slate);
  const thickness = Math.max(2, Math.round(Math.min(picture.width, picture.height) / 90));
  const box = { left: 0, top: picture.height - thickness, width: picture.width * part, height: thickness };
  fillBox(picture, box, paletteOf(hue).accent);
  return picture;
}

type Palette = Readonly<ReturnType<typeof paletteOf>>;

function paletteOf(hue: number) {
  return {
    top: oklch(0.44, 0.09, hue),
    bottom: oklch(0.25, 0.065, hue + 25),
    accent: oklch(0.8, 0.13, hue + 40),
    ink: oklch(0.18, 0.03, hue),
    paper: oklch(0.96, 0.015, hue + 40),
    // Dark enough for the white numbers that players and contact sheets lay over a corner.
    stripe: oklch(0.63, 0.11, hue + 40),
    faint: oklch(0.7, 0.05, hue),
  };
}

/** The clapper: slanted stripes across the top. */
function drawStripes(picture: Pixels, height: number, palette: Palette): void {
  const band = { left: 0, top: 0, width: picture.width, height };
  fillBox(picture, band, palette.ink);
  const period = height * 2.4;
  const coverage = (x: number, y: number) => {
    const along = (((x + y * 0.7) % period) + period) % period;
    return Math.min(along, period / 2 - along) + 0.5;
  };
  shadeBox(picture, band, palette.stripe, coverage);
}

/** The room between the margins, down to `bottom`. */
interface Column {
  readonly slate: Slate;
  readonly left: number;
  readonly width: number;
  readonly bottom: number;
  readonly unit: number;
  readonly palette: Palette;
}

/** The settings in rows above `bottom`, as many to a row as fit; gives the top of what it drew. */
function drawFields(picture: Pixels, at: Column): number {
  const { unit, palette } = at;
  const label = faceOf(1.7 * unit, 0.15);
  const value = faceOf(2.6 * unit, 0.14);
  const gap = 5 * unit;
  const fields = [
    { label: 'MODEL', value: at.slate.model },
    { label: 'JOB', value: at.slate.job },
    ...at.slate.fields,
  ];

  const rows: { readonly left: number; readonly label: string; readonly value: string }[][] = [[]];
  let pen = 0;
  for (const field of fields) {
    const text = shorten(value, field.value, at.width);
    const width = Math.max(label.measure(field.label), value.measure(text));
    if (pen > 0 && pen + width > at.width) {
      rows.push([]);
      pen = 0;
    }
    rows.at(-1)?.push({ left: at.left + pen, label: field.label, value: text });
    pen += width + gap;
  }

  const rowHeight = 11 * unit;
  const top = at.bottom - rows.length * rowHeight + 5 * unit;
  rows.forEach((row, index) => {
    const rowTop = top + index * rowHeight;
    const rule = { left: at.left, top: rowTop - 3 * unit, width: at.width, height: Math.max(1, unit / 5) };
    fillBox(picture, rule, palette.faint);
    for (const field of row) {
      label.draw(picture, { text: field.label, left: field.left, top: rowTop }, palette.accent);
      value.draw(picture, { text: field.value, left: field.left, top: rowTop + 3.2 * unit }, palette.paper);
    }
  });
  return top - 3 * unit;
}

/** The order's images in a row above `bottom`, each under its name; gives the top of what it drew. */
function drawImages(picture: Pixels, at: Column): number {
  const { unit, palette } = at;
  if (at.slate.images.length === 0) return at.bottom;
  const label = faceOf(1.7 * unit, 0.15);
  const gap = 2.5 * unit;
  const shown = at.slate.images.slice(0, MOST_IMAGES);
  const width = Math.min(28 * unit, (at.width - gap * (shown.length - 1)) / shown.length);
  const height = (width * 9) / 16;
  const top = at.bottom - height;
  shown.forEach((image, index) => {
    const left = at.left + index * (width + gap);
    const box = { left, top, width: Math.round(width), height: Math.round(height) };
    if (image.picture) paste(picture, coverWith(image.picture, box.width, box.height), box);
    else fillBox(picture, box, palette.ink);
    const text = shorten(label, image.label, width);
    label.draw(picture, { text, left, top: top - 3.6 * unit }, palette.accent);
  });
  return top - 3.6 * unit;
}

/** The contract allows more references than a slate has room for. */
const MOST_IMAGES = 6;

/** The prompt, as large as its box lets it be, and cut short where even the smallest letters do not fit. */
function drawPrompt(picture: Pixels, at: Column & { readonly top: number }): void {
  const room = at.bottom - at.top;
  const text = at.slate.prompt.slice(0, LONGEST_PROMPT);
  const fits = (face: Face, lines: readonly string[]) =>
    (lines.length - 1) * LEADING * face.size + face.size <= room;
  for (const size of PROMPT_SIZES) {
    const face = faceOf(size * at.unit, 0.13);
    const lines = wrap(face, text, at.width);
    const isSmallest = size === PROMPT_SIZES.at(-1);
    if (!isSmallest && !fits(face, lines)) continue;
    const count = Math.max(1, Math.floor((room - face.size) / (LEADING * face.size)) + 1);
    const shown = lines.slice(0, count);
    if (count < lines.length) shown[count - 1] = shorten(face, `${shown.at(-1) ?? ''} \u2026`, at.width);
    shown.forEach((text, index) => {
      const top = at.top + index * LEADING * face.size;
      face.draw(picture, { text, left: at.left, top }, at.palette.paper);
    });
    return;
  }
}

/** Heights of capitals to try, in units. */
const PROMPT_SIZES = [6.4, 5.4, 4.6, 3.9, 3.3, 2.8, 2.4];
/** From line to line, as a multiple of a capital's height. */
const LEADING = 1.85;
/** A slate holds fewer; wrapping the rest would be lost work. */
const LONGEST_PROMPT = 900;
