/** Why work was given up: somebody asked the process to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** Puts the process's own handling back. */
  readonly release: () => void;
}

/** The signals by which a person, a container or a closed window asks a process to end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal aborts, so that the work can write its state and end; the second ends the process at once,
 * with 130. `onFirst` tells the person about it; `beforeExit` gives the screen back.
 */
export function interruptible(
  options: { readonly onFirst?: () => void; readonly beforeExit?: () => void } = {},
): Interruption {
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
  return {
    signal: controller.signal,
    release() {
      for (const name of SIGNALS) process.off(name, handle);
    },
  };
}
