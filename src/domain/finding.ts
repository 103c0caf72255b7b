/** What picture checks look for. */
export const CHECK_NAMES = ['black', 'freeze', 'silence'] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** From when on a check finds something. */
export interface Threshold {
  /** Shorter stretches are none. */
  readonly seconds: number;
  /**
   * black: how bright a pixel may be, 0 to 1. freeze: how much a picture may differ from the one before, 0 to 1. silence: how loud
   * the sound may be, in dB below full.
   */
  readonly level: number;
}

/** Fades and cuts are shorter, and so are pauses in speech. */
export const USUAL_THRESHOLDS: Readonly<Record<CheckName, Threshold>> = {
  black: { seconds: 0.5, level: 0.1 },
  freeze: { seconds: 0.75, level: 0.001 },
  silence: { seconds: 1, level: -50 },
};

/** The checks to be made, each with its threshold. */
export type Checks = Readonly<Partial<Record<CheckName, Threshold>>>;

/** A stretch of a clip, in seconds from its start. */
export interface Stretch {
  readonly from_s: number;
  readonly to_s: number;
}

/** More stretches than this in one clip say no more than so many do. */
export const MOST_STRETCHES = 100;

/** What a check has found in a clip. */
export interface Finding extends Stretch {
  readonly check: CheckName;
}

/** A finding about one of the clips of a take. */
export interface TakeFinding extends Finding {
  /** Which of its clips, from 0. */
  readonly output: number;
  /** The finding in words: "black from 2.0 s to 4.0 s". */
  readonly message: string;
}

/** A finding as a warning has it. */
export function findingWords({ check, from_s, to_s }: Finding): string {
  return `${WORDS[check]} from ${from_s.toFixed(1)} s to ${to_s.toFixed(1)} s`;
}

const WORDS: Readonly<Record<CheckName, string>> = { black: 'black', freeze: 'frozen', silence: 'silent' };

/**
 * What checks have found, in the order of time. A black picture stands still as well: only what is frozen outside of black is a
 * finding of its own, where that is long enough.
 */
export function findingsOf(
  checks: Checks,
  found: Readonly<Partial<Record<CheckName, readonly Stretch[]>>>,
): Finding[] {
  const all = CHECK_NAMES.flatMap((check): Finding[] => {
    const threshold = checks[check];
    if (!threshold) return [];
    const stretches = found[check] ?? [];
    const own = check === 'freeze' && checks.black ? outside(stretches, found.black ?? []) : stretches;
    return own
      .filter(({ from_s, to_s }) => to_s - from_s >= threshold.seconds - HALF_A_FRAME_S)
      .map((stretch) => ({ check, ...stretch }));
  });
  return all.sort((a, b) => a.from_s - b.from_s);
}

/** Ends are those of frames, so that a second is sometimes a little less. */
const HALF_A_FRAME_S = 0.02;

/** Stretches without those parts of them that lie in others. */
function outside(stretches: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  return others.reduce<Stretch[]>(
    (left, { from_s, to_s }) =>
      left.flatMap((stretch) => [
        ...(stretch.from_s < from_s
          ? [{ from_s: stretch.from_s, to_s: Math.min(stretch.to_s, from_s) }]
          : []),
        ...(stretch.to_s > to_s ? [{ from_s: Math.max(stretch.from_s, to_s), to_s: stretch.to_s }] : []),
      ]),
    [...stretches],
  );
}
