import { styleOf } from './look.js';
import { frameLines } from './live-frame.js';
import { modelNames } from './names.js';
import type { Progress, ProgressOptions, Window } from './progress.js';
import { createEventLines, lineText, warningLine, type EventLine } from './run-lines.js';
import { createRunView } from './run-view.js';
import { textWidth } from './text.js';

const FRAME_MS = 100;
/** The seconds on the screen advance even if nothing happens. */
const STILL_FRAME_MS = 1000;
const MOST_ROWS = 8;

/**
 * Progress for a window: a few rows that are drawn over, and above them one line for each shot that ended.
 *
 * The bar is cli-progress's, its MultiBar is not: it counts rows and not what they wrap to, so a window made
 * narrower keeps pieces of old frames; it leaves an empty line for each bar removed; it switches line wrapping
 * off for the whole terminal, which stays off after a SIGKILL; and it writes a frame in many pieces. Here a
 * frame is one write that erases what the last one has come to fill, and no mode of the terminal is changed.
 */
export function createLiveProgress(options: ProgressOptions & { readonly window: Window }): Progress {
  const { window, now } = options;
  const style = { ...styleOf(options.look), showPath: options.showPath };
  const view = createRunView();
  const lineOf = createEventLines(view, style);
  const models = new Set<string>();
  let modelName = modelNames(models);
  let stayingLines: string[] = [];
  let drawn: readonly string[] = [];
  let running = false;
  let changed = false;
  let drawnAt = -Infinity;
  let estimate: { readonly at: number; readonly timeLeftMs: number | undefined } | undefined;

  const keep = (line: EventLine | undefined): void => {
    if (line === undefined) return;
    const room = window.columns() - 1 - textWidth(line.head);
    stayingLines.push(line.head + lineText(line, room, style.signs.ellipsis));
  };

  const draw = (frame: readonly string[]): void => {
    const text =
      eraseLines(drawn, window) + stayingLines.map((line) => `${line}\n`).join('') + frame.join('\n');
    stayingLines = [];
    drawn = frame;
    if (text !== '') options.write(text);
  };

  const drawFrame = (): void => {
    const time = now();
    // An estimate that jumps ten times a second is useless.
    if (estimate === undefined || time - estimate.at >= STILL_FRAME_MS) {
      estimate = { at: time, timeLeftMs: view.timeLeftMs(time) };
    }
    changed = false;
    drawnAt = time;
    draw(
      frameLines(view.state, {
        ...style,
        width: window.columns() - 1,
        // Half the window, so that the frame still fits and can be erased after the window gets narrower.
        rows: Math.max(1, Math.min(MOST_ROWS, Math.floor(window.rows() / 2))),
        now: time,
        timeLeftMs: estimate.timeLeftMs,
        modelName,
      }),
    );
  };

  const stopTicks = options.every(FRAME_MS, () => {
    if (running && (changed || now() - drawnAt >= STILL_FRAME_MS)) drawFrame();
  });

  return {
    handle(event) {
      view.handle(event, now());
      changed = true;
      if (event.type === 'run.started') running = true;
      if (event.type === 'run.finished') running = false;
      if (event.type === 'shot.planned' && !models.has(event.model)) {
        modelName = modelNames(models.add(event.model));
      }
      keep(lineOf(event));
    },
    note(text) {
      keep(warningLine(text, style));
      changed = true;
    },
    pause() {
      draw([]);
      changed = true;
    },
    stop() {
      running = false;
      stopTicks();
      draw([]);
    },
  };
}

/**
 * Takes lines off the screen, the cursor standing at the end of the last of them. In a window that has become
 * narrower since, each has been wrapped to as many rows as it now needs.
 */
function eraseLines(lines: readonly string[], window: Window): string {
  if (lines.length === 0) return '';
  const columns = Math.max(1, window.columns());
  const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(textWidth(line) / columns)), 0);
  const up = Math.min(rows, Math.max(1, window.rows())) - 1;
  // Row by row: tmux keeps what one sweep from the top of the screen erases, and shows it when scrolled back.
  return `\r\x1b[2K${'\x1b[1A\x1b[2K'.repeat(up)}`;
}
