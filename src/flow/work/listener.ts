import type { EventSink } from '../../events.js';

/** The caller's listener, kept from harming the run that it listens to. */
export interface Listener {
  /** Tells of an event. Never throws. */
  readonly emit: EventSink;
  /** Waits for what an asynchronous listener has begun, then throws the first error of all calls. */
  settle(): Promise<void>;
}

/**
 * A listener that throws, or whose promise rejects, is told of all that follows nonetheless: each event stands by itself,
 * and a run has money to account for.
 */
export function guarded(onEvent: EventSink | undefined): Listener {
  const errors: unknown[] = [];
  const open = new Set<Promise<void>>();
  return {
    emit(event) {
      try {
        // By its type it gives nothing; an async function fits that type too.
        const given: unknown = onEvent?.(event);
        if (!(given instanceof Promise)) return;
        const heard: Promise<void> = given
          .then(
            () => undefined,
            (error: unknown) => void errors.push(error),
          )
          .finally(() => open.delete(heard));
        open.add(heard);
      } catch (error) {
        errors.push(error);
      }
    },
    async settle() {
      await Promise.all(open);
      if (errors.length > 0) throw errors[0];
    },
  };
}
