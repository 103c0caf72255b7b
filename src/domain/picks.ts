/** The take that a person picked of a shot, and the clip it was then. */
export interface PickedTake {
  readonly take: number;
  /** The sha256 of that clip; absent if the take had none yet. */
  readonly clip?: string;
}

/** The picked take of each shot that has one, by expanded id. */
export type Picks = Readonly<Record<string, PickedTake>>;

/** The number of the take that was picked of a shot, undefined if none was. */
export function pickOf(picks: Picks, shot: string): number | undefined {
  return Object.hasOwn(picks, shot) ? picks[shot]?.take : undefined;
}
