/** `npm run test:torture` tries more of what `npm test` tries a little of. */
const isLongPass = process.env['LONG_PASS'] === '1';

/** How much of something a test tries: enough to notice most faults in each `npm test`, and all of it in the long pass. */
export function volume<T>(sizes: { readonly short: T; readonly long: T }): T {
  return isLongPass ? sizes.long : sizes.short;
}

/** A third of some cases in each `npm test`, all of them in the long pass. */
export function sampleOf<T>(cases: readonly T[]): readonly T[] {
  return volume({ short: cases.filter((_, index) => index % 3 === 0), long: cases });
}
