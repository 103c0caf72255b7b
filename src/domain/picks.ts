/** The take that a person picked of a shot, and the clip it was then. */
export interface PickedTake {
  readonly take: number;
  /** What that clip is known by, a sha256; absent where the take had none yet. */
  readonly clip?: string;
}

/** The picked take of each shot that has one, by expanded id. */
export type Picks = Readonly<Record<string, PickedTake>>;

/** The number of the take that was picked of a shot, undefined where none was. */
export function pickOf(picks: Picks, shot: string): number | undefined {
  return Object.hasOwn(picks, shot) ? picks[shot]?.take : undefined;
}
