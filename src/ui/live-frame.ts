import cliProgress from 'cli-progress';
import type { Style } from './look.js';
import { lostWords, moneyWords, timeLeftWords } from './run-lines.js';
import { settledTakes, type ActiveShot, type RunState } from './run-view.js';
import { formatBytes, groupDigits } from './figures.js';
import { clean, cutEnd, cutMiddle, pad, textWidth } from './text.js';

/** What a frame depends on besides the run's state. */
export interface FrameOptions extends Style {
  /** No line is wider than this. */
  readonly width: number;
  /** No more lines than this; at least 1. */
  readonly rows: number;
  readonly now: number;
  readonly timeLeftMs: number | undefined;
  /** Shows a model without its vendor. */
  readonly modelName: (model: string) => string;
}

/** The live part of the screen: the total bar, and the active shots below it. */
export function frameLines(state: RunState, options: FrameOptions): string[] {
  const head = headLines(state, options).slice(0, options.rows);
  const room = options.rows - head.length;
  const shots = [...state.active.values()].slice(0, room);
  const hidden = state.active.size - shots.length;
  if (hidden > 0) shots.pop();
  const more = state.active.size - shots.length;
  return [
    ...head,
    ...shots.map((shot) => shotLine(shot, state, options)),
    ...(hidden > 0 && room > 0 ? [options.paint.dim(`  + ${groupDigits(more)} more in flight`)] : []),
  ];
}

const LONGEST_BAR = 28;
const SHORTEST_BAR = 8;
const GAP = '   ';

/** One line if it fits, otherwise the bar on the first and the words on the second. */
function headLines(state: RunState, options: FrameOptions): string[] {
  const { width, paint, signs } = options;
  const name = cutMiddle(clean(state.project), Math.max(6, Math.floor(width / 4)), signs.ellipsis);
  const counts = `${groupDigits(state.delivered)}/${groupDigits(state.total)}`;
  const lost = lostWords(state);
  const rest = [moneyWords(state), timeLeftWords(options.timeLeftMs)].filter((words) => words !== '');

  const tail = [counts, ...lost, ...rest].join(GAP);
  const room = width - textWidth(name) - textWidth(tail) - 4;
  if (room >= SHORTEST_BAR) return [line(room, [...lost, ...rest])];

  const firstRoom = width - textWidth(name) - textWidth(counts) - 4;
  const first = firstRoom < 3 ? cutEnd(counts, width, signs.ellipsis) : line(firstRoom, []);
  const second = `  ${cutEnd([...lost, ...rest].join(GAP), width - 2, signs.ellipsis)}`;
  return second.trim() === '' ? [first] : [first, second];

  function line(barRoom: number, [worst = '', ...others]: readonly string[]): string {
    const bar = barOf(state, Math.min(LONGEST_BAR, barRoom), options);
    const words = [counts, state.lost.size > 0 ? paint.red(worst) : worst, ...others];
    return `${paint.bold(name)}  ${bar}  ${words.filter((word) => word !== '').join(GAP)}`;
  }
}

/** How much of the run is settled, whether well or not. */
function barOf(state: RunState, barsize: number, { paint, signs }: FrameOptions): string {
  const progress = state.total > 0 ? Math.min(1, settledTakes(state) / state.total) : 0;
  const bar = cliProgress.Format.BarFormat(progress, {
    barsize,
    barGlue: '\0',
    barCompleteString: signs.barFull.repeat(barsize),
    barIncompleteString: signs.barEmpty.repeat(barsize),
  });
  const [full = '', empty = ''] = bar.split('\0');
  return paint.green(full) + paint.dim(empty);
}

/** Columns for the words of a state, and for the figure that follows them. */
const STATE_WIDTH = 'downloading'.length;
const FIGURE_WIDTH = '99 min'.length;

function shotLine(shot: ActiveShot, state: RunState, options: FrameOptions): string {
  const { paint, signs, width, now } = options;
  const room = Math.min(Math.floor(width / 2.5), width - STATE_WIDTH - FIGURE_WIDTH - 6);
  const keyWidth = Math.min(state.keyWidth, Math.max(6, room));
  const key = pad(cutMiddle(clean(shot.key), keyWidth, signs.ellipsis), keyWidth);
  const elapsedMs = Math.max(0, now - shot.sinceMs);
  const figure = shot.state === 'downloading' ? percentOf(shot) : shortDuration(elapsedMs);
  const rest = shot.state === 'downloading' ? speedOf(shot) : options.modelName(shot.model);
  const line = `  ${key}  ${pad(shot.state, STATE_WIDTH)}  ${pad(figure, FIGURE_WIDTH, 'right')}  `;
  const left = width - textWidth(line);
  if (left < 0) return cutEnd(line.trimEnd(), width, signs.ellipsis);
  return (line + paint.dim(cutEnd(rest, left, signs.ellipsis))).trimEnd();
}

function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

function percentOf(shot: ActiveShot): string {
  if (shot.bytes === undefined || shot.totalBytes === undefined || shot.totalBytes <= 0) return '';
  return `${Math.min(100, Math.floor((shot.bytes / shot.totalBytes) * 100))} %`;
}

function speedOf(shot: ActiveShot): string {
  if (shot.bytes === undefined || shot.bytesAtMs === undefined) return '';
  const elapsedMs = shot.bytesAtMs - shot.sinceMs;
  // The rate of the first moments means nothing.
  if (elapsedMs < 500) return formatBytes(shot.bytes);
  return `${formatBytes((shot.bytes / elapsedMs) * 1000)}/s`;
}
