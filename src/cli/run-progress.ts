import { safeJson, withoutCommands } from '../domain/foreign-text.js';
import type { EventSink, RunEvent } from '../events.js';
import { allowsRedraw } from '../ui/look.js';
import { createProgress, type Progress } from '../ui/progress.js';
import { lookOf, type CliContext } from './context.js';

/** The views of a run: on the standard error for people, and as events on the standard output for machines. */
export interface RunProgress extends Progress {
  readonly handle: EventSink;
}

/**
 * Opens the view that fits the streams and the flags. `showPath` turns a path of the run into one to be shown;
 * `isKnown` says whether a person has already seen an event.
 */
export async function openRunProgress(
  context: CliContext,
  options: {
    readonly quiet: boolean;
    readonly showPath: (path: string) => string;
    readonly isKnown: (event: RunEvent) => boolean;
  },
): Promise<RunProgress> {
  const { stdout, stderr, env, format } = context;
  const streamsToTerminal = format === 'ndjson' && stdout.isTTY === true;
  const progress = await createProgress({
    write: (text) => stderr.write(withoutCommands(text)),
    look: lookOf(context, 'stderr'),
    now: () => performance.now(),
    every(ms, tick) {
      const timer = setInterval(tick, ms);
      return () => clearInterval(timer);
    },
    showPath: options.showPath,
    window: allowsRedraw(stderr, env)
      ? { columns: () => stderr.columns || 80, rows: () => stderr.rows || 24 }
      : undefined,
    // Events on a terminal are the view; a second one would be written over them.
    quiet: options.quiet || streamsToTerminal,
  });
  // The shell writes where the cursor stands: the living part must be gone before the process stops.
  const suspend = (): void => {
    progress.pause();
    process.kill(process.pid, 'SIGSTOP');
  };
  if (context.platform !== 'win32') process.on('SIGTSTP', suspend);
  return {
    ...progress,
    handle(event) {
      if (!options.isKnown(event)) progress.handle(event);
      if (format === 'ndjson') stdout.write(`${safeJson(event)}\n`);
    },
    stop() {
      process.off('SIGTSTP', suspend);
      progress.stop();
    },
  };
}
