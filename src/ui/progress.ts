import type { RunEvent } from '../events.js';
import type { Look } from './look.js';
import { createPlainProgress } from './plain-progress.js';

/** Shows a run while it lasts. */
export interface Progress {
  handle(event: RunEvent): void;
  /** Says something that no event says. */
  note(text: string): void;
  /** Takes the living part off the screen until the next frame: before the process goes into the background. */
  pause(): void;
  /** Writes what is left to write and takes the living part off the screen; nothing is written afterwards. */
  stop(): void;
}

/** Where progress is written, and the time it goes by. */
export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly look: Omit<Look, 'width'>;
  /** Turns the path of a clip into one that its reader can open. */
  readonly showPath: (path: string) => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls back about every `ms` milliseconds until the function it returns is called. */
  readonly every: (ms: number, tick: () => void) => () => void;
}

/** The size of a window whose lines may be drawn over; it may change from one call to the next. */
export interface Window {
  columns(): number;
  rows(): number;
}

/** Progress for whoever watches: a living screen in a window, lines in a log, nothing where quiet is wanted. */
export async function createProgress(
  options: ProgressOptions & { readonly window: Window | undefined; readonly quiet: boolean },
): Promise<Progress> {
  if (options.quiet) return SILENT;
  if (options.window === undefined) return createPlainProgress(options);
  const { createLiveProgress } = await import('./live-progress.js');
  return createLiveProgress({ ...options, window: options.window });
}

const SILENT: Progress = {
  handle: () => undefined,
  note: () => undefined,
  pause: () => undefined,
  stop: () => undefined,
};
