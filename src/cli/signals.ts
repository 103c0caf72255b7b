/** Why work stopped: somebody asked the process to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The signals by which a person, a container or a closed window asks a process to end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does some work and handles signals. The first one aborts, so that the work can write its state and end; the
 * second ends the process at once, with 130. `onFirst` tells the person about it; `beforeExit` gives the screen back.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  options: { readonly onFirst?: () => void; readonly beforeExit?: () => void } = {},
): Promise<T> {
  const controller = new AbortController();
  const handle = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      options.beforeExit?.();
      process.exit(130);
    }
    controller.abort(new Interrupted(`interrupted by ${name}`));
    options.onFirst?.();
  };
  for (const name of SIGNALS) process.on(name, handle);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, handle);
  }
}

/** Resolves when a signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((end) => {
    if (signal.aborted) end();
    else signal.addEventListener('abort', () => end(), { once: true });
  });
}
