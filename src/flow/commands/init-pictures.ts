import { PNG } from 'pngjs';

type Rgb = readonly [red: number, green: number, blue: number];

const WIDTH = 640;
const HEIGHT = 360;

/** A low sun over the sea: the first frame of the example. */
export function seasidePicture(): Uint8Array {
  return drawPicture((x, y) => {
    const distance = Math.hypot(x - 0.5, (y - 0.55) * 0.5625);
    if (distance < 0.07 && y < 0.6) return [255, 238, 196];
    if (y >= 0.6) {
      const glitter = Math.abs(x - 0.5) < 0.07 + (y - 0.6) * 0.2 && Math.sin(y * 220) > 0.2;
      return glitter ? [250, 206, 150] : mixed([52, 96, 128], [16, 42, 66], (y - 0.6) / 0.4);
    }
    return mixed([88, 108, 158], [246, 158, 104], Math.min(1, y / 0.6 + 0.2 - distance * 0.3));
  });
}

/** A red kite on plain paper: the reference of the example. */
export function kitePicture(): Uint8Array {
  return drawPicture((x, y) => {
    const [dx, dy] = [Math.abs(x - 0.5) * (16 / 9), y - 0.42];
    const reach = dy < 0 ? dx / 0.22 - dy / 0.22 : dx / 0.22 + dy / 0.34;
    if (reach < 1) return Math.abs(x - 0.5) < 0.003 || Math.abs(dy) < 0.005 ? [120, 24, 30] : [206, 48, 48];
    const tail = y > 0.76 && Math.abs(x - 0.5 - Math.sin((y - 0.76) * 40) * 0.02) < 0.004;
    return tail ? [60, 60, 66] : [243, 240, 232];
  });
}

function mixed(from: Rgb, to: Rgb, part: number): Rgb {
  const at = (a: number, b: number): number => Math.round(a + (b - a) * part);
  return [at(from[0], to[0]), at(from[1], to[1]), at(from[2], to[2])];
}

/** A PNG whose pixels are a function of their position, from 0 to 1 across and down. */
function drawPicture(colorAt: (x: number, y: number) => Rgb): Uint8Array {
  const png = new PNG({ width: WIDTH, height: HEIGHT });
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++) {
      png.data.set([...colorAt(column / WIDTH, row / HEIGHT), 255], (row * WIDTH + column) * 4);
    }
  }
  return PNG.sync.write(png);
}
