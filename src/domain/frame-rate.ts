/** Frames a second, exact: 23.976 is 24000/1001, for the rates of television are exact only as fractions. */
export interface FrameRate {
  readonly num: number;
  readonly den: number;
}

/** The exact rate that a file means by a number of frames a second. */
export function rateOf(fps: number): FrameRate {
  const whole = Math.round(fps);
  if (Math.abs(fps - (whole * 1000) / 1001) < 0.005) return { num: whole * 1000, den: 1001 };
  const num = Math.round(fps * 1000);
  const common = divisorOf(num, 1000);
  return { num: num / common, den: 1000 / common };
}

/** How many frames a time lasts, rounded; at least one. */
export function framesIn(seconds: number, { num, den }: FrameRate): number {
  return Math.max(1, Math.round((seconds * num) / den));
}

/** Seconds of a number of frames. */
export function secondsOf(frames: number, { num, den }: FrameRate): number {
  return (frames * den) / num;
}

export function isSameRate(one: FrameRate, other: FrameRate): boolean {
  return one.num * other.den === other.num * one.den;
}

/** `24`, `23.976`. */
export function rateText({ num, den }: FrameRate): string {
  return String(Math.round((num / den) * 1000) / 1000);
}

export function divisorOf(one: number, other: number): number {
  return other === 0 ? one : divisorOf(other, one % other);
}
