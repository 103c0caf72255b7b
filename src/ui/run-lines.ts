import type { NotDelivered, RunEvent } from '../events.js';
import { markOf, type Mark, type Palette, type Style } from './look.js';
import { formatDuration, formatTimeLeft, formatUsd, groupDigits } from './figures.js';
import type { RunState, RunView } from './run-view.js';
import { clean, cutEnd, cutFolders, pad, textWidth } from './text.js';

/** How the permanent lines of events are written. */
export interface EventLineStyle extends Style {
  readonly showPath: (path: string) => string;
}

/** A permanent line: the coloured part, and plain text that may be cut. */
export interface EventLine {
  readonly head: string;
  readonly text: string;
  /** The end of the text, whose beginning may be cut off. */
  readonly path?: string;
  /** The part after that. */
  readonly more?: string;
}

/** Turns events into permanent lines; undefined for an event that leaves none. */
export function createEventLines(
  view: RunView,
  style: EventLineStyle,
): (event: RunEvent) => EventLine | undefined {
  const ended = new Map<string, EndedJob>();
  return (event) => {
    const { keyWidth } = view.state;
    switch (event.type) {
      case 'shot.completed':
        ended.set(event.key, { elapsedMs: event.elapsed_ms, costUsd: event.cost_usd });
        return undefined;
      case 'shot.delivered': {
        const job = ended.get(event.key);
        ended.delete(event.key);
        return event.reused ? undefined : deliveredLine(event, job, keyWidth, style);
      }
      case 'shot.not_delivered':
        // Takes that never began are named at the end; ten thousand lines about them would bury all others.
        return event.outcome === 'not_submitted' ? undefined : notDeliveredLine(event, keyWidth, style);
      case 'warning':
        return warningLine((event.key === undefined ? '' : `${event.key}: `) + event.message, style);
      case 'diagnostic': {
        const { at, message } = event.diagnostic;
        return warningLine((at === undefined ? '' : `${at.file}:${at.line}:${at.column}  `) + message, style);
      }
      case 'run.slowed':
        return warningLine(
          `${event.message}; nothing is submitted for ${formatDuration(event.wait_ms)}`,
          style,
        );
      case 'run.stopping':
        // A person who interrupts a run knows it.
        if (event.reason.kind === 'interrupted') return undefined;
        return warningLine(`no further submits: ${event.reason.message}`, style);
      default:
        return undefined;
    }
  };
}

/** What the end of a job reports and its delivery does not. */
interface EndedJob {
  readonly elapsedMs: number;
  readonly costUsd: number | undefined;
}

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>;

function deliveredLine(
  event: EventOf<'shot.delivered'>,
  job: EndedJob | undefined,
  keyWidth: number,
  { paint, signs, showPath }: EventLineStyle,
): EventLine {
  const costUsd = event.cost_usd ?? job?.costUsd;
  const words = [
    padKey(event.key, keyWidth),
    pad(job === undefined ? '' : formatDuration(job.elapsedMs), 7, 'right'),
    pad(costUsd === undefined ? '' : formatUsd(costUsd), 6, 'right'),
  ];
  const [first, ...others] = event.outputs;
  return {
    head: `  ${paint.green(signs.done)} `,
    text: words.join('  '),
    ...(first ? { path: clean(showPath(first.path)) } : {}),
    ...(others.length > 0 ? { more: `and ${others.length} more` } : {}),
  };
}

/** The text of a line in this many columns: a path that is too long loses its folders first. */
export function lineText({ text, path, more }: EventLine, width: number, ellipsis: string): string {
  const end = more === undefined ? '' : `  ${more}`;
  const room = width - textWidth(text) - textWidth(end) - 2;
  const shown = path === undefined || room < 2 ? '' : `  ${cutFolders(path, room, ellipsis)}`;
  return cutEnd((text + shown + end).trimEnd(), width, ellipsis);
}

function notDeliveredLine(
  event: EventOf<'shot.not_delivered'>,
  keyWidth: number,
  { paint, signs }: Style,
): EventLine {
  const { word, sign, color } = OUTCOMES[event.outcome];
  const mark = event.will_retry ? paint.yellow(signs.warning) : paint[color](markOf(sign, signs));
  const again = event.will_retry ? '; rendered again' : '';
  const text = `${padKey(event.key, keyWidth)}  ${word}: ${clean(event.message)}${again}`;
  return { head: `  ${mark} `, text };
}

/** A line that is not about the end of a shot. */
export function warningLine(message: string, { paint, signs }: Style): EventLine {
  return { head: `  ${paint.yellow(signs.warning)} `, text: clean(message) };
}

/** The name and the mark of each outcome, in the order in which people want to read them. */
export const OUTCOMES: Readonly<Record<NotDelivered, Outcome>> = {
  failed: { word: 'failed', sign: 'failed', color: 'red' },
  refused: { word: 'refused', sign: 'failed', color: 'red' },
  held: { word: 'held', sign: 'held', color: 'yellow' },
  blocked: { word: 'blocked', sign: 'blocked', color: 'yellow' },
  waiting: { word: 'in flight', sign: 'resume', color: 'cyan' },
  not_submitted: { word: 'not submitted', sign: 'orphan', color: 'cyan' },
};

interface Outcome {
  readonly word: string;
  readonly sign: Mark;
  readonly color: keyof Palette;
}

function padKey(key: string, keyWidth: number): string {
  return pad(clean(key), Math.min(32, keyWidth));
}

/** `2 failed`, `1 held`: what the run will not deliver, worst first. */
export function lostWords(state: RunState): string[] {
  const words = [
    ['failed', (state.lost.get('failed') ?? 0) + (state.lost.get('refused') ?? 0)],
    ['held', state.lost.get('held') ?? 0],
    ['blocked', state.lost.get('blocked') ?? 0],
    ['in flight', state.lost.get('waiting') ?? 0],
    ['not submitted', state.lost.get('not_submitted') ?? 0],
  ] as const;
  return words.flatMap(([word, number]) => (number > 0 ? [`${groupDigits(number)} ${word}`] : []));
}

/** `$9.84 of $20.00`; empty for the sandbox, whose prices are on paper. */
export function moneyWords(state: RunState): string {
  if (state.sandbox) return '';
  const spent = `${state.spentIsApproximate ? '~' : ''}${formatUsd(state.spentUsd)}`;
  return state.budgetUsd === null ? spent : `${spent} of ${formatUsd(state.budgetUsd)}`;
}

/** `about 6 min left`; empty if nobody could say. */
export function timeLeftWords(timeLeftMs: number | undefined): string {
  return timeLeftMs === undefined ? '' : `about ${formatTimeLeft(timeLeftMs)} left`;
}
