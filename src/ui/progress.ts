import type { RunEvent } from '../events.js';
import { count, formatUsd, groupDigits, unpricedWords } from './figures.js';
import { styleOf, type Look } from './look.js';
import {
  createEventLines,
  lineText,
  lostWords,
  moneyWords,
  timeLeftWords,
  warningLine,
  type EventLine,
} from './run-lines.js';
import { createRunView, settledTakes, type RunView } from './run-view.js';
import { clean } from './text.js';

/** Shows a run while it lasts. */
export interface Progress {
  handle(event: RunEvent): void;
  /** Shows a line that no event reports. */
  note(text: string): void;
  /** Removes the live part from the screen until the next frame: before the process goes into the background. */
  pause(): void;
  /** Writes what is left and removes the live part from the screen; nothing is written afterwards. */
  stop(): void;
}

/** Where progress is written, and the time it goes by. */
export interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly look: Omit<Look, 'width'>;
  /** Turns the path of a clip into one that its reader can open. */
  readonly showPath: (path: string) => string;
  /** Milliseconds since some moment; it only goes forward. */
  readonly now: () => number;
  /** Calls back about every `ms` milliseconds until the function it returns is called. */
  readonly every: (ms: number, tick: () => void) => () => void;
}

/** The size of a window whose lines may be drawn over; it may change from one call to the next. */
export interface Window {
  columns(): number;
  rows(): number;
}

/** Progress for the person who watches: a live screen in a window, lines in a log, nothing with `--quiet`. */
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

/** How often a log without news shows that the run is alive. */
const HEARTBEAT_MS = 30_000;

/** Progress for logs: a line for each shot that ends, and a heartbeat while none does. */
export function createPlainProgress(options: ProgressOptions): Progress {
  const view = createRunView();
  const style = { ...styleOf(options.look), showPath: options.showPath };
  const lineOf = createEventLines(view, style);
  let running = false;
  const writeLine = (line: string): void => options.write(`${line}\n`);
  const wholeLine = (line: EventLine): string =>
    line.head.trimStart() + lineText(line, Infinity, style.signs.ellipsis);

  const stopHeartbeat = options.every(HEARTBEAT_MS, () => {
    if (running) writeLine(heartbeat(view, options.now()));
  });

  return {
    handle(event) {
      view.handle(event, options.now());
      if (event.type === 'run.started') {
        running = true;
        writeLine(startLine(event, options.showPath));
        return;
      }
      if (event.type === 'run.finished') running = false;
      const line = lineOf(event);
      if (line !== undefined) writeLine(settledPrefix(event, view) + wholeLine(line));
    },
    note(text) {
      const line = warningLine(text, style);
      writeLine(wholeLine(line));
    },
    pause: () => undefined,
    stop() {
      running = false;
      stopHeartbeat();
    },
  };
}

function startLine(
  event: Extract<RunEvent, { type: 'run.started' }>,
  showPath: (path: string) => string,
): string {
  // Clips of unknown price add up to nothing, which would be a false promise.
  const isPriced = event.gateway !== 'sandbox' && event.max_usd > 0;
  const most = formatUsd(event.max_usd, { round: 'up' }) + unpricedWords(event.unpriced, 'take');
  const price = isPriced ? `, at most ${most}` : '';
  const place = `on ${clean(event.gateway)} into ${clean(showPath(event.output))}`;
  return `${clean(event.project)}: ${count(event.total, 'take')}, ${groupDigits(event.to_buy)} to render ${place}${price}`;
}

/** `[31/60] `, or `[ 9/60] `, before the line of a shot that ended, and nothing before a warning. */
function settledPrefix(event: RunEvent, { state }: RunView): string {
  const settles =
    event.type === 'shot.delivered' || (event.type === 'shot.not_delivered' && !event.will_retry);
  return settles ? `${settledOf(state)} ` : '';
}

/** `[ 9/60]`: as wide as it will be at the end, so that columns stay where they are. */
function settledOf(state: RunView['state']): string {
  const total = String(state.total);
  return `[${String(settledTakes(state)).padStart(total.length)}/${total}]`;
}

/** `[31/60]  5 in flight  2 failed  $9.84 of $20.00  about 6 min left`. */
function heartbeat(view: RunView, now: number): string {
  const { state } = view;
  const words = [
    settledOf(state),
    `${state.active.size} in flight`,
    ...lostWords(state),
    moneyWords(state),
    timeLeftWords(view.timeLeftMs(now)),
  ];
  return words.filter((word) => word !== '').join('  ');
}
