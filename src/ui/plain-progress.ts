import type { RunEvent } from '../events.js';
import { glyphs } from './glyphs.js';
import { palette } from './look.js';
import { formatUsd, unpricedWords } from './money.js';
import type { Progress, ProgressOptions } from './progress.js';
import { createEventLines, lostWords, moneyWords, timeLeftWords, warningLine } from './run-lines.js';
import { createRunView, type RunView } from './run-view.js';
import { clean, count, groupDigits } from './text.js';

/** How often a log without news shows that the run is alive. */
const HEARTBEAT_MS = 30_000;

/** Progress for logs: a line for each shot that ends, and a heartbeat while none does. */
export function createPlainProgress(options: ProgressOptions): Progress {
  const view = createRunView();
  const style = {
    paint: palette(options.look.color),
    signs: glyphs(options.look.unicode),
    showPath: options.showPath,
  };
  const lineOf = createEventLines(view, style);
  let running = false;
  const writeLine = (line: string): void => options.write(`${line}\n`);

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
      if (line !== undefined) writeLine(settledPrefix(event, view) + line.head.trimStart() + line.text);
    },
    note(text) {
      const line = warningLine(text, style);
      writeLine(line.head.trimStart() + line.text);
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
  // Nothing at all is what clips of unknown price add up to: that is no promise to make.
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

function settledTakes(state: RunView['state']): number {
  let settled = state.delivered;
  for (const takes of state.lost.values()) settled += takes;
  return settled;
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
